"""Schemas of the requests and responses of the report routes. Responses have camelCase keys."""

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
    """Report of an experiment, without its content; `error` says why it could not be written."""

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
    """One page of the list of reports."""

    items: list[ReportResponse]


class ReportSummary(CamelCaseResponse):
    """Summary of a report: what changed, and one sentence for each slice of the rows that improved or became worse.

    A slice is listed if its change is beyond chance.
    """

    changes: str
    improvements: list[str]
    regressions: list[str]


class MetricChange(CamelCaseResponse):
    """Value of a metric for the champion (`baseline`) and the new model (`current`), and the difference.

    `low` and `high` are the 95 % interval of the difference; a value that was not measured is null.
    """

    baseline: float | None
    current: float | None
    difference: float | None
    low: float | None
    high: float | None


class ReportDifferences(CamelCaseResponse):
    """Differences between the champion and the new model: `config` in sentences, `metrics` by name."""

    config: list[str]
    metrics: dict[str, MetricChange]


class ReportComparison(CamelCaseResponse):
    """Comparison of the new model with the champion before it; `metrics` repeats `differences.metrics`."""

    baseline_experiment_id: str | None
    current_experiment_id: str | None
    baseline_model: str | None
    target_model: str | None
    datasets: list[str]
    differences: ReportDifferences
    metrics: dict[str, MetricChange]


class SyntheticDataAnalysis(CamelCaseResponse):
    """Effect of the training rows that an experiment added.

    `synthetic_ratio` is the number of added rows divided by the number of rows before; `quality_score` is the share (0
    to 1) of new rows that the quality gate accepted; `performance_change` is the difference in the mean grade (0 to 1)
    of models trained with and without the added rows. A value that was not measured is null.
    """

    synthetic_ratio: float | None
    performance_change: float | None
    quality_assessment: str
    recommendation: str
    quality_score: float | None
    impact: str
    details: str


class ReportChart(CamelCaseResponse):
    """Data of one chart of a report; `type` is `line` or `bar`, and `data` has one object for each point or bar."""

    type: str
    title: str
    data: list[dict[str, Any]]


class ReportDetail(ReportResponse):
    """Report with its content, which is empty until it has been written.

    Averages in `metricsSummary` are from 0 to 1; metrics that the task does not have are absent.
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
    """Request body for a report of an experiment."""

    title: ShortText
    description: LongText = ""
    type: Type = "performance"
    experiment_id: Id


class ReportUpdateRequest(RequestModel):
    """Request body that changes a report's metadata; a field that is missing stays as it is.

    The content never changes.
    """

    title: ShortText | None = None
    description: LongText | None = None
    type: Type | None = None
    status: Literal["draft", "published"] | None = None
    tags: list[ShortText] | None = Field(default=None, max_length=50)


class ReportDeleted(BaseModel):
    """Confirmation that a report was deleted."""

    message: str


class ReportDownload(CamelCaseResponse):
    """URL of a report's file, for clients that send `Accept: application/json` only."""

    message: str
    download_url: str
