"""The result of the gate stage: the verdict, with accepted rows, quarantine and the results of every rule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import Field

from veritrain_lib.stages.stage_result import StageResult

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class GateResult(StageResult):
    """The verdict of the gate.

    Tables: `rules` (one row per rule), `accepted` (the rows that passed), `quarantine` (rejected rows with all their
    reasons), `warnings` (rows accepted with a warning), `removed` (the share removed of each label and slice value, with
    the suite's limit), `groups` (copies listed under the row that is kept), `examples` (a few rows for each kind of
    reason; the column `what` says whether they were removed or kept with a warning).

    Attributes:
        status: `passed` or `blocked`.
        suite: The name of the suite.
        suite_digest: The digest of the suite.
        block_reasons: Why the data is blocked, as sentences.
        overview: Counts, notes and numbers for people.
        data_docs: The HTML page of the verdict.
    """

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

    def picture(self) -> Figure:
        """Draw what each rule removed, beside the limit at which it blocks."""
        from veritrain_lib.reporting.pictures import removed

        return self._cached_figure("removed", lambda: removed(self.tables["rules"]))

    def stored_pictures(self) -> dict[str, Figure]:
        """Return the picture of removed rows, by the name `removed`."""
        return {"removed": self.picture()}

    def copies(self) -> Figure:
        """Draw the messages with the most copies."""
        from veritrain_lib.quality.duplicates.groups import group_sizes
        from veritrain_lib.reporting.pictures import copies

        return copies(group_sizes(self.tables["groups"]))
