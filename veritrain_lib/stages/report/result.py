"""Result of the report stage: its sentences, tables and pictures, and the document made from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from veritrain_lib.stages.stage_result import StageResult

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.figure import Figure

    from veritrain_lib.reporting.document import ReportDocument
    from veritrain_lib.reporting.stored_picture import StoredPicture


class ReportResult(StageResult):
    """Result of the report stage: the report's sentences, tables and pictures.

    Its tables are `rounds`; `improved`, `regressed` and `unclear` (slices); `added_data` (training with the added rows
    compared with training without them); `batches` (effect of each round's rows); `label_recall` (rarest label first);
    `new_labels` (groups of rows that no label fits); `agreement` (Cohen's kappa of two annotators); `slices`, `confusions` and `rules` for the pictures; `screened` (pool
    rows that rules rejected); and `endings` (outcomes of the rows requested from a paid teacher).

    Attributes:
        title: The title of the report.
        metric: The name of the task's primary metric.
        goal: The value of the metric that the task aims at; None without a goal.
        next_step: A sentence that says what to do next.
        next_step_why: A sentence with the reason.
        changed: Sentences that say what changed, in reading order.
        verdict: The verdict on the challenger; `blocked` if the gate blocked the data, `none` if nothing was evaluated.
        made_by: The provenance of the report by name: task, code, data, seed and runs.
        graded: A note on how single rows are graded if the metric is not a mean over rows; else empty.
        scope: `round` or `loop`.
        slices_of: The rows that the slices are measured on, in words.
        remarks: Remarks that a person added, one text per paragraph.
    """

    title: str
    metric: str
    goal: float | None
    next_step: str
    next_step_why: str
    changed: list[str]
    verdict: str
    made_by: dict[str, str]
    graded: str = ""
    scope: Literal["round", "loop"] = "round"
    slices_of: str = "development rows"
    remarks: tuple[str, ...] = ()

    def box_texts(self, metric: str) -> dict[str, str]:
        """Return the text of the report's box in the loop's diagram: the recommended next step.

        Args:
            metric: The name of the task's primary metric; the text does not depend on it.

        Returns:
            `report`: one sentence.
        """
        return {"report": self.next_step}

    def reuse_pictures(self, stage: StageResult | None) -> None:
        """Take over the pictures that a stage's result has stored, since drawing them takes as long as everything else.

        Args:
            stage: The loaded result of the gate or evaluate stage; None takes over nothing.
        """
        from veritrain_lib.reporting.stored_picture import StoredPicture

        for name in ("slices", "confused", "removed"):
            content = stage.stored_picture(name) if stage else None
            if content is not None:
                self._figures[name] = StoredPicture(content)

    def learning_curve(self) -> Figure:
        """Return a chart of the primary metric on development rows by round, with a forecast for one more round."""
        from veritrain_lib.reporting.pictures import learning_curve

        return self._cached_figure(
            "learning_curve",
            lambda: learning_curve(self.tables["rounds"], self.metric, self.goal, self._expected()),
        )

    def _expected(self) -> tuple[float, float, float] | None:
        """Return the primary metric expected after one more round, as (value, low, high); None without a forecast."""
        gain, rounds = self.measures.get("expected_gain"), self.tables["rounds"]
        if gain is None or gain.value is None or gain.low is None or gain.high is None or not len(rounds):
            return None
        last = float(rounds["value"].iloc[-1])
        return last + gain.value, last + gain.low, last + gain.high

    def slices(self) -> Figure | StoredPicture | None:
        """Return a chart of the challenger's change in each slice; None if nothing was evaluated."""
        from veritrain_lib.reporting.pictures import slice_changes

        rows = self.tables["slices"]
        return self._cached_figure("slices", lambda: slice_changes(rows)) if len(rows) else None

    def confused(self) -> Figure | StoredPicture | None:
        """Return a chart of the answers that the challenger confuses most often; None if nothing was evaluated."""
        from veritrain_lib.reporting.pictures import confused_pairs

        rows = self.tables["confusions"]
        return self._cached_figure("confused", lambda: confused_pairs(rows)) if len(rows) else None

    def removed(self) -> Figure | StoredPicture | None:
        """Return a chart of the number of rows that each rule of the gate removed; None if no gate ran."""
        from veritrain_lib.reporting.pictures import removed

        rows = self.tables["rules"]
        return self._cached_figure("removed", lambda: removed(rows)) if len(rows) else None

    def pictures(self) -> dict[str, Figure | StoredPicture]:
        """Return the report's pictures by name, without those that do not apply."""
        figures = {
            "learning_curve": self.learning_curve(),
            "slices": self.slices(),
            "confused": self.confused(),
            "removed": self.removed(),
        }
        return {name: figure for name, figure in figures.items() if figure is not None}

    def document(self, drawn: Mapping[str, bytes] | None = None) -> ReportDocument:
        """Return the report as a document, from which the HTML page and the PDF are made.

        Args:
            drawn: The pictures as PNG files, by name, if they are stored already; None draws them.
        """
        from veritrain_lib.stages.report.report_document import build

        return build(self, self.pictures() if drawn is None else drawn)
