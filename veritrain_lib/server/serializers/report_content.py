"""What a report says, in the words of both kinds of client, from the stored result of the report stage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from veritrain_lib.core import registry
from veritrain_lib.server.serializers.report import content_run, experiment_of, report
from veritrain_lib.server.serializers.report_answers import (
    Comparison,
    Differences,
    ReportDetail,
    Summary,
    SyntheticData,
)
from veritrain_lib.server.serializers.report_charts import charts, number
from veritrain_lib.server.serializers.report_comparison import comparison
from veritrain_lib.tracking.entities import Run

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.stages.report import ReportResult

AVERAGES = {"avg_bleu": "bleu", "avg_rouge_l": "rouge_l", "avg_ribes": "ribes"}


def detail(run: Run) -> ReportDetail:
    """The answer for a report's run."""
    from veritrain_lib.stage_io.stage import load_result

    head, content = report(run).model_dump(), content_run(run)
    if content is None:
        return _without(head, experiment_of(run))
    result = cast("ReportResult", load_result("report", content))
    return ReportDetail(
        **head,
        summary=Summary(
            changes="\n".join(result.changed),
            improvements=_sentences(result.tables["improved"]),
            regressions=_sentences(result.tables["regressed"]),
        ),
        comparison=comparison(result, experiment_of(run)),
        synthetic_data_analysis=_added(result),
        metrics_summary=_averages(result),
        charts=charts(result),
        conclusions=result.headline,
        recommendations=result.next_step_why,
        next_steps=result.next_step,
    )


def _without(head: Mapping[str, Any], experiment: str | None) -> ReportDetail:
    nothing = Differences(config=[], metrics={})
    return ReportDetail(
        **head,
        summary=Summary(changes="", improvements=[], regressions=[]),
        comparison=Comparison(
            baseline_experiment_id=None, current_experiment_id=experiment, baseline_model=None,
            target_model=None, datasets=[], differences=nothing, metrics={},
        ),
        synthetic_data_analysis=SyntheticData(
            synthetic_ratio=None, performance_change=None, quality_assessment="", recommendation="",
            quality_score=None, impact="", details="",
        ),
        metrics_summary={},
        charts=[],
        conclusions="",
        recommendations="",
        next_steps="",
    )  # fmt: skip


def _sentences(slices: pd.DataFrame) -> list[str]:
    return [
        f"{line['name']}: {line['champion']:.3f} to {line['challenger']:.3f}, change {line['difference']:+.3f} "
        f"({line['low']:+.3f} to {line['high']:+.3f}), n = {line['n']}"
        for line in slices.to_dict("records")
    ]


def _added(result: ReportResult) -> SyntheticData:
    added, rules = result.tables["added_data"], result.tables["rules"]
    line = added.to_dict("records")[0] if len(added) else None
    rows = rules[rules["kind"] == "rows"] if len(rules) else rules
    rejected = [f"{one['rule']} {one['rejected']}" for one in rows.to_dict("records") if one["rejected"]]
    accepted = _accepted(result)
    impact = (
        f"{line['rows_with'] - line['rows_without']} rows added to {line['rows_without']}: mean grade "
        f"{line['grade_without']:.3f} to {line['grade_with']:.3f}, change {line['difference']:+.3f} "
        f"({line['low']:+.3f} to {line['high']:+.3f}), p = {line['p']:.2g}, n = {line['n']}"
        if line
        else "not measured: there is no training without the added rows to compare with"
    )
    return SyntheticData(
        synthetic_ratio=number(line["ratio"]) if line else None,
        performance_change=number(line["difference"]) if line else None,
        quality_assessment=next(
            (one for one in result.changed if one.startswith(("passed:", "blocked:"))), ""
        ),
        recommendation=result.next_step,
        quality_score=accepted,
        impact=impact,
        details=f"rejected by rule: {', '.join(rejected)}" if rejected else "no rule rejected a row",
    )


def _accepted(result: ReportResult) -> float | None:
    """The share of new rows that the gate let through, as its headline in the report counts them; None without one."""
    import re

    for said in result.changed:
        found = re.match(r"(?:passed|blocked): (\d+) of (\d+) rows accepted", said)
        if found and int(found[2]):
            return round(int(found[1]) / int(found[2]), 6)
    return None


def _averages(result: ReportResult) -> dict[str, float | str | None]:
    """Shares of the metrics that the task has, the newest model that was promoted, and the gain on the primary metric."""
    found: dict[str, float | str | None] = {}
    for key, name in AVERAGES.items():
        value = result.measures[name].value if name in result.measures else None
        if value is not None:
            found[key] = value / float(getattr(registry.get("metrics", name), "scale", 1.0))
    rounds = result.tables["rounds"]
    best = rounds[rounds["promoted"].astype(bool)] if len(rounds) else rounds
    found["best_model"] = str(best["model"].iloc[-1]) if len(best) else None
    before, gain = (result.measures.get(f"{part}_{result.metric}") for part in ("champion", "gain"))
    known = before is not None and gain is not None and before.value and gain.value is not None
    found["improvement_rate"] = gain.value / before.value if known else None  # type: ignore[union-attr, operator]
    return found
