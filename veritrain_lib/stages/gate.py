"""Gate: a suite decides passed or blocked; every rejected row has a reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field

from veritrain_lib.stages.result import Measure, StageResult

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from veritrain_lib.gating.context import Context
    from veritrain_lib.gating.suite import Suite


class GateConfig(BaseModel):
    """`suite` names a file in `gates/`, or is a path to one; empty means the task's own."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    suite: str = ""
    seed: int = 0


class GateResult(StageResult):
    """The verdict. Tables: `rules` (one line a rule), `accepted` (the rows that passed), `quarantine` (rows
    with all their reasons), `warnings` (rows kept in spite of a remark).
    """

    status: str
    suite: str
    suite_digest: str
    block_reasons: list[str] = Field(default_factory=list)
    overview: dict[str, Any] = Field(default_factory=dict)
    data_docs: str = ""

    def picture(self) -> Figure:
        """What each rule removed, beside the limit at which it blocks."""
        from veritrain_lib.reporting.pictures import removed

        return removed(self.tables["rules"])


def run(config: GateConfig, rows: pd.DataFrame, context: Context, suite: Suite) -> GateResult:
    """Judge rows. Blocked is an outcome, not an error; an error in a check blocks too and says so."""
    from veritrain_lib.gating.data_docs import data_docs
    from veritrain_lib.gating.gate import judge

    verdict = judge(rows, context, suite)
    removed, total = len(verdict.quarantine), len(rows)
    headline = f"{verdict.status}: {len(verdict.accepted)} of {total} rows accepted, {removed} in quarantine"
    headline += f", {len(verdict.warnings)} with a warning"
    if verdict.block_reasons:
        headline += f". Blocked because {verdict.block_reasons[0]}"
    tables = {
        "rules": verdict.rules,
        "accepted": verdict.accepted,
        "quarantine": verdict.quarantine,
        "warnings": verdict.warnings,
    }
    return GateResult(
        outcome="blocked" if verdict.status == "blocked" else "done",
        headline=headline.removesuffix(".") + ".",
        measures={
            "rows_accepted": Measure(value=len(verdict.accepted)),
            "rows_quarantined": Measure(value=removed),
            "share_quarantined": Measure(value=removed / total if total else None, n=total),
        },
        tables={name: rows.reset_index(drop=True) for name, rows in tables.items()},
        status=verdict.status,
        suite=suite.name,
        suite_digest=suite.digest,
        block_reasons=list(verdict.block_reasons),
        overview=verdict.overview,
        data_docs=data_docs(verdict),
    )
