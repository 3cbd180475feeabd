"""The result of the train stage: measures of the new model on development rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from veritrain_lib.stages.stage_result import StageResult

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class TrainResult(StageResult):
    """The result of a training, with measures on development rows.

    Tables: `predictions` on development rows (id, expected, answer, correct, score, and grade by the primary metric, 0
    to 1), `labels` (training rows by the column `by`, human ones and all), `errors` (grades by the same column), and
    `sources` (training rows by source).

    Attributes:
        rows: The number of training rows.
        by: The column by whose values data is planned: the target when it has labels, else the first slice column.
        model: The address of the model; filled in once it is registered.
        model_digest: The digest of the model; filled in once it is registered.
    """

    rows: int
    by: str = "label"
    model: str = ""
    model_digest: str = ""

    def picture(self) -> Figure:
        """Draw training rows by label or slice: the human ones, and all."""
        from veritrain_lib.reporting.pictures import label_counts

        return label_counts(self.tables["labels"], by=self.by)
