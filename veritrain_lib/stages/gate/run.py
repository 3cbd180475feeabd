"""The work of the gate stage: a suite of rules accepts or rejects each row, and passes or blocks the dataset."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

from veritrain_lib.stages.gate.result import GateResult
from veritrain_lib.stages.gate.second_answers import (
    LaterAnswers,
    contradicted_rows,
    sentence,
    settle_rows,
)
from veritrain_lib.stages.stage_result import Measure

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.quality.context import Context
    from veritrain_lib.quality.suite import Suite
    from veritrain_lib.quality.verdict import GateVerdict


class GateConfig(BaseModel):
    """Parameters of the gate stage.

    Attributes:
        suite: The name of a suite in `gates/`, or its path; empty means the task's suite.
        seed: Seed of every random choice.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    suite: str = ""
    seed: int = 0


def run(
    config: GateConfig,
    rows: pd.DataFrame,
    context: Context,
    suite: Suite,
    later: LaterAnswers | None = None,
) -> GateResult:
    """Judge rows by a gate suite (rules with limits), and decide whether the dataset passes or is blocked.

    A blocked dataset is a result, not an error. An error inside a check blocks the dataset too, and is named in the
    reasons.

    Args:
        config: The parameters of the stage.
        rows: The rows to judge.
        context: All that the checks may use besides the rows.
        suite: The rules and their limits.
        later: Second and third human answers to rows whose label a model contradicts; None if there are none.

    Returns:
        The verdict, with the accepted and rejected rows, the results of the rules, and an HTML page.
    """
    from veritrain_lib.quality.data_docs import data_docs
    from veritrain_lib.quality.gate import run_gate

    verdict = run_gate(rows, context, suite)
    contradicted = contradicted_rows(verdict.quarantine, verdict.withdrawn)
    settled, answers = settle_rows(context.task, contradicted, later or LaterAnswers())
    removed, total = len(verdict.quarantine), len(rows)
    rules = verdict.rules[(verdict.rules["kind"] == "dataset") & (verdict.rules["checked"] > 0)]
    measured = {
        line["rule"]: line for line in rules.to_dict("records") if line["rule"] in verdict.metric_rules
    }
    return GateResult(
        outcome="blocked" if verdict.status == "blocked" else "done",
        headline=_headline(verdict, total, measured, sentence(len(verdict.withdrawn), answers)),
        measures={
            "rows_accepted": Measure(value=len(verdict.accepted)),
            "rows_quarantined": Measure(value=removed),
            "share_quarantined": Measure(value=removed / total if total else None, n=total),
            **_contradiction_measures(verdict, settled, answers),
            **{name: Measure(**number) for name, number in verdict.overview.get("numbers", {}).items()},
            **{
                name: Measure(value=line["share"], low=line["low"], high=line["high"], n=line["checked"])
                for name, line in measured.items()
            },
        },
        tables={**_tables(verdict), "settled": settled, "second_answers": answers},
        status=verdict.status,
        suite=suite.name,
        suite_digest=suite.digest,
        block_reasons=list(verdict.block_reasons),
        overview=verdict.overview,
        data_docs=data_docs(verdict),
    )


def _contradiction_measures(
    verdict: GateVerdict, settled: pd.DataFrame, answers: pd.DataFrame
) -> dict[str, Measure]:
    """Return the numbers of withdrawn and of settled rows; empty if models contradict no label.

    Withdrawn rows were accepted earlier and are removed now, because models contradict their label. Settled rows got a
    label on which two people agree.
    """
    if not len(answers):
        return {}
    return {
        "rows_withdrawn": Measure(value=len(verdict.withdrawn)),
        "rows_settled": Measure(value=len(settled)),
    }


def _headline(
    verdict: GateVerdict, total: int, measured: Mapping[str, Mapping[Hashable, Any]], contradicted: str
) -> str:
    """Return the gate's verdict in sentences: counts, reason for blocking, doubtful labels, warnings of rules.

    Args:
        verdict: The verdict.
        total: The number of rows judged.
        measured: The results of rules that measure the whole dataset, by rule.
        contradicted: The sentence about labels that models contradict; empty for none.
    """
    sentences = [
        f"{verdict.status}: {len(verdict.accepted)} of {total} rows accepted, {len(verdict.quarantine)} in quarantine, "
        f"{len(verdict.warnings)} with a warning"
    ]
    if verdict.block_reasons:
        sentences.append(f"Blocked because {verdict.block_reasons[0]}")
    if contradicted:
        sentences.append(contradicted)
    sentences += [
        f"Rule {name} warns: {line['share']:.2f}, limit {line['limit']:.2f}"
        for name, line in measured.items()
        if line["outcome"] == "warned"
    ]
    sentences += verdict.overview.get("notes", {}).values()
    return " ".join(f"{sentence.removesuffix('.')}." for sentence in sentences)


def _tables(verdict: GateVerdict) -> dict[str, pd.DataFrame]:
    """Return the tables of the gate's result by name; `examples` holds a few rows for each reason."""
    import pandas as pd

    from veritrain_lib.quality.reason_examples import examples

    removed_and_kept = {"removed": verdict.quarantine, "kept": verdict.warnings}
    tables = {
        "rules": verdict.rules,
        "accepted": verdict.accepted,
        "quarantine": verdict.quarantine,
        "warnings": verdict.warnings,
        "withdrawn": verdict.withdrawn,
        "removed": verdict.removed,
        "groups": verdict.groups,
        "examples": pd.concat(
            [examples(rows).assign(what=action) for action, rows in removed_and_kept.items()],
            ignore_index=True,
        ),
    }
    return {name: rows.reset_index(drop=True) for name, rows in tables.items()}
