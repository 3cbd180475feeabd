"""Request and response schemas of the report routes. Responses are in camelCase."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

from veritrain_lib.server.http.casing import CamelCaseResponse, RequestModel
from veritrain_lib.server.http.paging import Page
from veritrain_lib.server.http.text_fields import Id, LongText, ShortText

Type = Literal["performance", "comparison", "analysis", "summary"]
Status = Literal["draft", "generating", "published"]


class ReportResponse(CamelCaseResponse):
    """Report. `error` says why it could not be written; it then has no content."""

    id: str
    experiment_id: str | None
    title: str
    description: str
    type: Type
    status: Status
    created_at: datetime
    published_at: datetime | None
    created_by: str
    tags: list[str]
    error: str | None


class ReportPage(Page):
    """Page of reports."""

    items: list[ReportResponse]


class ReportSummary(CamelCaseResponse):
    """Changes in sentences, and one sentence for each slice that improved or regressed beyond chance."""

    changes: str
    improvements: list[str]
    regressions: list[str]


class MetricChange(CamelCaseResponse):
    """Metric before and after, on its own scale, with the 95 % interval of the difference."""

    baseline: float | None
    current: float | None
    difference: float | None
    low: float | None
    high: float | None


class ReportDifferences(CamelCaseResponse):
    """Differences between the two models: `config` in sentences, `metrics` by name."""

    config: list[str]
    metrics: dict[str, MetricChange]


class ReportComparison(CamelCaseResponse):
    """New model compared with the champion before it. `metrics` repeats `differences.metrics`."""

    baseline_experiment_id: str | None
    current_experiment_id: str | None
    baseline_model: str | None
    target_model: str | None
    datasets: list[str]
    differences: ReportDifferences
    metrics: dict[str, MetricChange]


class SyntheticDataAnalysis(CamelCaseResponse):
    """Effect of the added rows.

    `synthetic_ratio` is the number of added rows relative to the rows before; `quality_score` is the share of new rows that
    the gate accepted; `performance_change` is the difference in the mean grade (0 to 1) of the same trainer with and without
    the added rows. Null if it was not measured.
    """

    synthetic_ratio: float | None
    performance_change: float | None
    quality_assessment: str
    recommendation: str
    quality_score: float | None
    impact: str
    details: str


class ReportChart(CamelCaseResponse):
    """Data of a chart: `line` over rounds, or `bar`; `data` has one object for each point."""

    type: str
    title: str
    data: list[dict[str, Any]]


class ReportDetail(ReportResponse):
    """Report with its content, which is empty until it is written.

    Averages are shares from 0 to 1; those of metrics that the task does not have are absent.
    """

    summary: ReportSummary
    comparison: ReportComparison
    synthetic_data_analysis: SyntheticDataAnalysis
    metrics_summary: dict[str, float | str | None]
    charts: list[ReportChart]
    conclusions: str
    recommendations: str
    next_steps: str


class ReportCreateRequest(RequestModel):
    """Request for a report of an experiment."""

    title: ShortText
    description: LongText = ""
    type: Type = "performance"
    experiment_id: Id


class ReportUpdateRequest(RequestModel):
    """Changes of a report's metadata; its content never changes."""

    title: ShortText | None = None
    description: LongText | None = None
    type: Type | None = None
    status: Literal["draft", "published"] | None = None
    tags: list[ShortText] | None = Field(default=None, max_length=50)


class ReportDeleted(BaseModel):
    """Confirmation that a report was deleted."""

    message: str


class ReportDownload(CamelCaseResponse):
    """Download URL of a file, which is returned for any other `Accept` than `application/json` alone."""

    message: str
    download_url: str
