"""API response for a report with its content, which is read from the stored result of the report stage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from veritrain_lib.server.resources.reports.charts import finite_number, report_charts
from veritrain_lib.server.resources.reports.comparison import report_comparison
from veritrain_lib.server.resources.reports.record import content_run, experiment_of
from veritrain_lib.server.resources.reports.schemas import (
    ReportComparison,
    ReportDetail,
    ReportDifferences,
    ReportSummary,
    SyntheticDataAnalysis,
)
from veritrain_lib.server.resources.reports.serialize import serialize_report
from veritrain_lib.tracking.entities import Run

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.stages.report.result import ReportResult

SUMMARY_METRICS = {"avg_bleu": "bleu", "avg_rouge_l": "rouge_l", "avg_ribes": "ribes"}
"""Keys of the metrics in the report's summary, with the names of the metrics."""


def report_detail(run: Run) -> ReportDetail:
    """Return the API response for a report, with its content if it has been written."""
    from veritrain_lib.stages.record.stored_result import load_result

    header, content = serialize_report(run).model_dump(), content_run(run)
    if content is None:
        return _empty_detail(header, experiment_of(run))
    result = cast("ReportResult", load_result("report", content))
    return ReportDetail(
        **header,
        summary=ReportSummary(
            changes="\n".join(result.changed),
            improvements=_sentences(result.tables["improved"]),
            regressions=_sentences(result.tables["regressed"]),
        ),
        comparison=report_comparison(result, experiment_of(run)),
        synthetic_data_analysis=_synthetic_data(result),
        metrics_summary=_metrics_summary(result),
        charts=report_charts(result),
        conclusions=result.headline,
        recommendations=result.next_step_why,
        next_steps=result.next_step,
    )


def _empty_detail(header: Mapping[str, Any], experiment: str | None) -> ReportDetail:
    """Return the API response for a report whose content has not been written yet."""
    no_differences = ReportDifferences(config=[], metrics={})
    return ReportDetail(
        **header,
        summary=ReportSummary(changes="", improvements=[], regressions=[]),
        comparison=ReportComparison(
            baseline_experiment_id=None, current_experiment_id=experiment, baseline_model=None,
            target_model=None, datasets=[], differences=no_differences, metrics={},
        ),
        synthetic_data_analysis=SyntheticDataAnalysis(
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
    """Return a sentence for each slice (named subset of the rows): both models' grades, the change, the row count."""
    return [
        f"{row['name']}: {row['champion']:.3f} to {row['challenger']:.3f}, change {row['difference']:+.3f} "
        f"({row['low']:+.3f} to {row['high']:+.3f}), n = {row['n']}"
        for row in slices.to_dict("records")
    ]


def _synthetic_data(result: ReportResult) -> SyntheticDataAnalysis:
    """Return the report's part about the added training rows: how many, how many were rejected, and their effect."""
    added_data, rules = result.tables["added_data"], result.tables["rules"]
    comparison = added_data.to_dict("records")[0] if len(added_data) else None
    rows = rules[rules["kind"] == "rows"] if len(rules) else rules
    rejected = [f"{rule['rule']} {rule['rejected']}" for rule in rows.to_dict("records") if rule["rejected"]]
    accepted = _accepted_share(result)
    impact = (
        f"{comparison['rows_with'] - comparison['rows_without']} rows added to {comparison['rows_without']}: mean grade "
        f"{comparison['grade_without']:.3f} to {comparison['grade_with']:.3f}, change {comparison['difference']:+.3f} "
        f"({comparison['low']:+.3f} to {comparison['high']:+.3f}), p = {comparison['p']:.2g}, n = {comparison['n']}"
        if comparison
        else "not measured: there is no training without the added rows to compare with"
    )
    return SyntheticDataAnalysis(
        synthetic_ratio=finite_number(comparison["ratio"]) if comparison else None,
        performance_change=finite_number(comparison["difference"]) if comparison else None,
        quality_assessment=next(
            (sentence for sentence in result.changed if sentence.startswith(("passed:", "blocked:"))), ""
        ),
        recommendation=result.next_step,
        quality_score=accepted,
        impact=impact,
        details=f"rejected by rule: {', '.join(rejected)}" if rejected else "no rule rejected a row",
    )


def _accepted_share(result: ReportResult) -> float | None:
    """Return the share (0 to 1) of new rows that the quality gate accepted.

    It is read from the headline of the gate in the report; None if the report has no such headline.
    """
    import re

    for sentence in result.changed:
        match = re.match(r"(?:passed|blocked): (\d+) of (\d+) rows accepted", sentence)
        if match and int(match[2]):
            return round(int(match[1]) / int(match[2]), 6)
    return None


def _metrics_summary(result: ReportResult) -> dict[str, float | str | None]:
    """Return the report's summary of metrics.

    It contains BLEU, ROUGE-L and RIBES from 0 to 1 as far as the task has them, the newest promoted model
    (`best_model`), and the relative gain of the primary metric over the champion (`improvement_rate`, None if it is not
    known).
    """
    from veritrain_lib.metrics.base import metric_class

    summary: dict[str, float | str | None] = {}
    for key, name in SUMMARY_METRICS.items():
        value = result.measures[name].value if name in result.measures else None
        if value is not None:
            summary[key] = value / metric_class(name).scale
    rounds = result.tables["rounds"]
    promoted = rounds[rounds["promoted"].astype(bool)] if len(rounds) else rounds
    summary["best_model"] = str(promoted["model"].iloc[-1]) if len(promoted) else None
    champion_measure, gain = (result.measures.get(f"{part}_{result.metric}") for part in ("champion", "gain"))
    is_known = (
        champion_measure is not None
        and gain is not None
        and champion_measure.value
        and gain.value is not None
    )
    summary["improvement_rate"] = gain.value / champion_measure.value if is_known else None  # type: ignore[union-attr, operator]
    return summary
