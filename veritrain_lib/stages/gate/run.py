"""The gate stage: a suite of rules decides whether data passes or is blocked, and every rejected row has a reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from veritrain_lib.stages.gate.result import GateResult
from veritrain_lib.stages.stage_result import Measure

if TYPE_CHECKING:
    import pandas as pd

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
