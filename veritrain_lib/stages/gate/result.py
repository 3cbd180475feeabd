"""Result of the gate stage: the verdict, accepted rows, quarantine, and the result of each rule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import Field

from veritrain_lib.stages.stage_result import StageResult

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class GateResult(StageResult):
    """Result of the gate stage: its verdict on a dataset, with accepted rows, quarantine and the results of the rules.

    Its tables are `rules` (one row per rule), `accepted`, `quarantine` (rejected rows with all their reasons),
    `warnings` (rows accepted with a warning), `withdrawn` (rows that were accepted in an earlier round and are removed,
    since models now contradict their label), `second_answers` (all rows with a contradicted label, people's answers,
    and the label that two people agree on), `settled` (rows that such a label brings back), `removed` (removed share of
    each label and slice value, with the suite's limit), `groups` (copies, listed under the row that is kept) and
    `examples` (a few rows for each reason; its column `what` is `removed` or `kept`).

    Attributes:
        status: `passed` or `blocked`.
        suite: The name of the suite.
        suite_digest: The digest of the suite.
        block_reasons: Sentences that say why the dataset is blocked; empty if it passed.
        overview: Counts, notes and numbers that the pages show.
        data_docs: The HTML page of the verdict.
    """

    VIEWS: ClassVar[tuple[str, ...]] = ("accepted", "warnings", "settled")

    status: str
    suite: str
    suite_digest: str
    block_reasons: list[str] = Field(default_factory=list)
    overview: dict[str, Any] = Field(default_factory=dict)
    data_docs: str = ""

    def _repr_html_(self) -> str:
        from html import escape

        reasons = "".join(f"<li>{escape(reason)}</li>" for reason in self.block_reasons)
        block_text = (
            f"<p>Why it is blocked:</p><ul>{reasons}</ul>" if reasons else "<p>No reason to block.</p>"
        )
        return super()._repr_html_() + block_text

    def box_texts(self, metric: str) -> dict[str, str]:
        """Return the texts of the boxes `gate` and `quarantine` in the loop's diagram: verdict and numbers of rows.

        Args:
            metric: The name of the task's primary metric; the text does not depend on it.

        Returns:
            `gate`: status and number of accepted rows; `quarantine`: number of rejected rows.
        """
        accepted, removed = (self.measures[f"rows_{name}"].value for name in ("accepted", "quarantined"))
        return {
            "gate": f"{self.status}: {accepted:.0f} rows",
            "quarantine": f"{removed:.0f} rows with reasons",
        }

    def picture(self) -> Figure:
        """Return a chart of the number of rows that each rule removed, with the limit at which it blocks the dataset."""
        from veritrain_lib.reporting.pictures import removed

        return self._cached_figure("removed", lambda: removed(self.tables["rules"]))

    def stored_pictures(self) -> dict[str, Figure]:
        """Return the picture of removed rows, by its name `removed`, which is stored for the report."""
        return {"removed": self.picture()}

    def copies(self) -> Figure:
        """Return a chart of the texts of which the gate removed the most copies."""
        from veritrain_lib.quality.duplicates.groups import group_sizes
        from veritrain_lib.reporting.pictures import copies

        return copies(group_sizes(self.tables["groups"]))
