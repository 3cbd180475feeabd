"""Result of the train stage: the new model's address, and its measures on development rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from veritrain_lib.stages.stage_result import StageResult

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class TrainResult(StageResult):
    """Result of the train stage: the new model, and its measures on development rows.

    Its tables are `predictions` (development rows: id, expected, answer, correct, score, and grade by the primary
    metric, 0 to 1), `labels` (number of training rows for each value of the column `by`: human ones, and all), `errors`
    (sums of grades by the same column) and `sources` (training rows by source).

    Attributes:
        rows: The number of training rows.
        by: The column by whose values new rows are planned: the target column if it has labels, else the first slice
            column.
        model: The address of the model; empty until it is registered.
        model_digest: The digest of the model; empty until it is registered.
    """

    rows: int
    by: str = "label"
    model: str = ""
    model_digest: str = ""

    def box_texts(self, metric: str) -> dict[str, str]:
        """Return the text of the training's box in the loop's diagram: number of training rows, primary metric.

        Args:
            metric: The name of the task's primary metric.

        Returns:
            `train`: a text such as `255 rows, accuracy 0.758`.
        """
        return {"train": f"{self.rows} rows, {self._shown_measure(metric)}"}

    def picture(self) -> Figure:
        """Return a chart of the number of training rows of each label or slice: human rows, and all rows."""
        from veritrain_lib.reporting.pictures import label_counts

        return label_counts(self.tables["labels"], by=self.by)
