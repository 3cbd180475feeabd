"""The result of the report stage: words, tables and pictures, and the document made of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from veritrain_lib.stages.stage_result import StageResult

if TYPE_CHECKING:
    from collections.abc import Mapping

    from matplotlib.figure import Figure

    from veritrain_lib.reporting.document import ReportDocument
    from veritrain_lib.reporting.stored_picture import StoredPicture


class ReportResult(StageResult):
    """The result of the report stage.

    Tables: `rounds`; `improved`, `regressed` and `unclear` (slices); `added_data` (training with the added rows compared
    with without them); `slices`, `confusions` and `rules` for the pictures; `screened` (pool rows that rules rejected)
    and `endings` (outcomes of the rows requested from a paid teacher).
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

    def reuse_pictures(self, stage: StageResult | None) -> None:
        """Reuse the pictures that a stage has stored, since drawing them takes as long as everything else."""
        from veritrain_lib.reporting.stored_picture import StoredPicture

        for name in ("slices", "confused", "removed"):
            content = stage.stored_picture(name) if stage else None
            if content is not None:
                self._figures[name] = StoredPicture(content)

    def learning_curve(self) -> Figure:
        """Draw the primary metric on development rows over the rounds."""
        from veritrain_lib.reporting.pictures import learning_curve

        return self._cached_figure(
            "learning_curve", lambda: learning_curve(self.tables["rounds"], self.metric, self.goal)
        )

    def slices(self) -> Figure | StoredPicture | None:
        """Draw the change in every slice; None when nothing was evaluated."""
        from veritrain_lib.reporting.pictures import slice_changes

        rows = self.tables["slices"]
        return self._cached_figure("slices", lambda: slice_changes(rows)) if len(rows) else None

    def confused(self) -> Figure | StoredPicture | None:
        """Draw the most confused pairs of answers; None when nothing was evaluated."""
        from veritrain_lib.reporting.pictures import confused_pairs

        rows = self.tables["confusions"]
        return self._cached_figure("confused", lambda: confused_pairs(rows)) if len(rows) else None

    def removed(self) -> Figure | StoredPicture | None:
        """Draw what the gate removed; None when no gate ran."""
        from veritrain_lib.reporting.pictures import removed

        rows = self.tables["rules"]
        return self._cached_figure("removed", lambda: removed(rows)) if len(rows) else None

    def pictures(self) -> dict[str, Figure | StoredPicture]:
        """Return the pictures that there are, by name."""
        figures = {
            "learning_curve": self.learning_curve(),
            "slices": self.slices(),
            "confused": self.confused(),
            "removed": self.removed(),
        }
        return {name: figure for name, figure in figures.items() if figure is not None}

    def document(self, drawn: Mapping[str, bytes] | None = None) -> ReportDocument:
        """Return the report as blocks, for the HTML page and the PDF.

        Args:
            drawn: Its pictures as PNG files, by name, if they were drawn before.
        """
        from veritrain_lib.stages.report.report_document import build

        return build(self, self.pictures() if drawn is None else drawn)
