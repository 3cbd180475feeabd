"""The gate stage: a suite of rules decides whether data passes or is blocked, and every rejected row has a reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field

from veritrain_lib.stages.result import Measure, StageResult

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from veritrain_lib.quality.context import Context
    from veritrain_lib.quality.suite import Suite


class GateConfig(BaseModel):
    """Parameters of the gate stage.

    Attributes:
        suite: The name of a suite in `gates/`, or the path of one; empty means the task's suite.
        seed: Seed of every random choice.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    suite: str = ""
    seed: int = 0


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


def run(config: GateConfig, rows: pd.DataFrame, context: Context, suite: Suite) -> GateResult:
    """Judge rows by a suite.

    Blocked is an outcome, not an error. An error in a check blocks too, and the reasons say so.

    Args:
        config: Parameters of the stage.
        rows: The rows to judge.
        context: What the checks may use beside the rows.
        suite: The rules.
    """
    import pandas as pd

    from veritrain_lib.quality.data_docs import data_docs
    from veritrain_lib.quality.gate import run_gate
    from veritrain_lib.quality.reason_examples import examples

    verdict = run_gate(rows, context, suite)
    removed, total = len(verdict.quarantine), len(rows)
    headline = f"{verdict.status}: {len(verdict.accepted)} of {total} rows accepted, {removed} in quarantine"
    headline += f", {len(verdict.warnings)} with a warning"
    if verdict.block_reasons:
        headline += f". Blocked because {verdict.block_reasons[0]}"
    rules = verdict.rules[(verdict.rules["kind"] == "dataset") & (verdict.rules["checked"] > 0)]
    measured = {
        line["rule"]: line for line in rules.to_dict("records") if line["rule"] in verdict.metric_rules
    }
    for name, line in measured.items():
        if line["outcome"] == "warned":
            headline = f"{headline.removesuffix('.')}. Rule {name} warns: {line['share']:.2f}, limit {line['limit']:.2f}"
    for note in verdict.overview.get("notes", {}).values():
        headline = f"{headline.removesuffix('.')}. {note}"
    removed_and_kept = {"removed": verdict.quarantine, "kept": verdict.warnings}
    tables = {
        "rules": verdict.rules,
        "accepted": verdict.accepted,
        "quarantine": verdict.quarantine,
        "warnings": verdict.warnings,
        "removed": verdict.removed,
        "groups": verdict.groups,
        "examples": pd.concat(
            [examples(rows).assign(what=action) for action, rows in removed_and_kept.items()],
            ignore_index=True,
        ),
    }
    return GateResult(
        outcome="blocked" if verdict.status == "blocked" else "done",
        headline=headline.removesuffix(".") + ".",
        measures={
            "rows_accepted": Measure(value=len(verdict.accepted)),
            "rows_quarantined": Measure(value=removed),
            "share_quarantined": Measure(value=removed / total if total else None, n=total),
            **{name: Measure(**number) for name, number in verdict.overview.get("numbers", {}).items()},
            **{
                name: Measure(value=line["share"], low=line["low"], high=line["high"], n=line["checked"])
                for name, line in measured.items()
            },
        },
        tables={name: rows.reset_index(drop=True) for name, rows in tables.items()},
        status=verdict.status,
        suite=suite.name,
        suite_digest=suite.digest,
        block_reasons=list(verdict.block_reasons),
        overview=verdict.overview,
        data_docs=data_docs(verdict),
    )
