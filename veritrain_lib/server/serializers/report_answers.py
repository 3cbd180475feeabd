"""The words in which a report's content is told, in those of both kinds of client."""

from __future__ import annotations

from typing import Any

from veritrain_lib.server.api.casing import CamelAnswer
from veritrain_lib.server.serializers.report import Report


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
