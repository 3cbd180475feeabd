"""What a report says, in the words of both kinds of client, from the stored result of the report stage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from veritrain_lib import registry
from veritrain_lib.server.api.casing import CamelAnswer
from veritrain_lib.server.items.report import Report, content_run, experiment_of, report
from veritrain_lib.tracking.entities import Run
from veritrain_lib.tracking.listing import read_runs

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.stages.report import ReportResult

AVERAGES = {"avg_bleu": "bleu", "avg_rouge_l": "rouge_l", "avg_ribes": "ribes"}


class Summary(CamelAnswer):
    """What changed, in sentences; slices that improved or regressed beyond chance, one sentence each."""

    changes: str
    improvements: list[str]
    regressions: list[str]


class Change(CamelAnswer):
    """A metric before and after, on its own scale, with the 95 % interval of the difference."""

    baseline: float | None
    current: float | None
    difference: float | None
    low: float | None
    high: float | None


class Differences(CamelAnswer):
    """What is different: `config` in sentences, `metrics` by name."""

    config: list[str]
    metrics: dict[str, Change]


class Comparison(CamelAnswer):
    """The new model against the champion before it. `metrics` repeats `differences.metrics`."""

    baseline_experiment_id: str | None
    current_experiment_id: str | None
    baseline_model: str | None
    target_model: str | None
    datasets: list[str]
    differences: Differences
    metrics: dict[str, Change]


class SyntheticData(CamelAnswer):
    """What the added rows did. Shares 0 to 1: `synthetic_ratio` of the added rows in those before, `quality_score` of the
    new rows that the gate let through; `performance_change` in the mean grade (0 to 1) of the same trainer with them
    against without. Null where it was not measured."""

    synthetic_ratio: float | None
    performance_change: float | None
    quality_assessment: str
    recommendation: str
    quality_score: float | None
    impact: str
    details: str


class Chart(CamelAnswer):
    """A picture's numbers: `line` over rounds or `bar`; `data` has one object a point."""

    type: str
    title: str
    data: list[dict[str, Any]]


class ReportDetail(Report):
    """A report with its content; empty while it is not written. Averages are shares, 0 to 1; those of metrics that the
    task does not have are absent."""

    summary: Summary
    comparison: Comparison
    synthetic_data_analysis: SyntheticData
    metrics_summary: dict[str, float | str | None]
    charts: list[Chart]
    conclusions: str
    recommendations: str
    next_steps: str


def detail(run: Run) -> ReportDetail:
    """The answer for a report's run."""
    from veritrain_lib.recorded.stage import load_result

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
        comparison=_comparison(result, experiment_of(run)),
        synthetic_data_analysis=_added(result),
        metrics_summary=_averages(result),
        charts=_charts(result),
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


def _comparison(result: ReportResult, experiment: str | None) -> Comparison:
    metrics = _changes(result)
    stages = _stages(experiment)
    evaluated = stages.get("evaluate")
    tags = evaluated.data.tags if evaluated else {}
    trained = stages["train"].data.tags.get("veritrain.input.dataset") if "train" in stages else None
    rounds = result.tables["rounds"]
    newest = str(rounds["model"].iloc[-1]) if len(rounds) else None
    return Comparison(
        baseline_experiment_id=_round_before(experiment),
        current_experiment_id=experiment,
        baseline_model=tags.get("veritrain.input.champion"),
        target_model=tags.get("veritrain.input.challenger") or newest,
        datasets=[trained] if trained else [],
        differences=Differences(config=result.changed, metrics=metrics),
        metrics=metrics,
    )


def _changes(result: ReportResult) -> dict[str, Change]:
    found = {}
    for name, gain in result.measures.items():
        if name.startswith("gain_") and (metric := name.removeprefix("gain_")) in result.measures:
            found[metric] = Change(
                baseline=result.measures[f"champion_{metric}"].value,
                current=result.measures[metric].value,
                difference=gain.value,
                low=gain.low,
                high=gain.high,
            )
    return found


def _stages(experiment: str | None) -> dict[str, Run]:
    """The stage runs that an experiment's run names."""
    named = read_runs([experiment]).get(experiment) if experiment else None
    tags = named.data.tags if named else {}
    prefix = "veritrain.run."
    ids = {key.removeprefix(prefix): value for key, value in tags.items() if key.startswith(prefix)}
    known = read_runs(ids.values())
    return {stage: known[run_id] for stage, run_id in ids.items() if run_id in known}


def _round_before(experiment: str | None) -> str | None:
    from veritrain_lib.recorded.history import as_round, rounds_of
    from veritrain_lib.server.items.task import task_of

    run = read_runs([experiment]).get(experiment) if experiment else None
    loop = run.data.tags.get("mlflow.parentRunId") if run else None
    if run is None or not loop:
        return None
    number = as_round(run).number
    earlier = [one for one in rounds_of(task_of(run), loop) if one.number < number]
    return earlier[-1].run_id if earlier else None


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


def _charts(result: ReportResult) -> list[Chart]:
    tables = result.tables
    wanted = (
        (
            "line",
            f"Development {result.metric} by round",
            "rounds",
            ["round", "value", "low", "high", "rows"],
        ),
        ("bar", "Change by slice", "slices", ["name", "difference", "low", "high", "n"]),
        ("bar", "Most frequent errors", "confusions", ["expected", "answered", "count"]),
        ("bar", "Share rejected by rule", "rules", ["rule", "share", "limit", "checked"]),
    )
    return [
        Chart(type=kind, title=title, data=_records(tables[name], columns))
        for kind, title, name, columns in wanted
        if len(tables[name])
    ]


def _records(table: pd.DataFrame, columns: list[str]) -> list[dict[str, Any]]:
    there = [name for name in columns if name in table.columns]
    return [
        {str(name): value if isinstance(value, str) else number(value) for name, value in line.items()}
        for line in table[there].to_dict("records")
    ]


def number(value: Any) -> float | None:
    """A number of a table that JSON can say; None for one that is missing or not finite."""
    import math

    return float(value) if value is not None and math.isfinite(value) else None
