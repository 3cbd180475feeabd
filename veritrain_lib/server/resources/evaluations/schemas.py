"""Response schemas of the evaluation routes, in snake_case."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from veritrain_lib.server.http.casing import ResponseModel

Track = Literal["spoken", "written"]
Severity = Literal["minor", "major", "critical"]

Share = Annotated[float, Field(ge=0, le=1)]
JudgeScore = Annotated[float, Field(ge=1, le=5)]


class JudgeScores(TypedDict, total=False):
    """Scores of an LLM judge, 1 to 5."""

    fluency: JudgeScore
    adequacy: JudgeScore
    accuracy: JudgeScore


class JudgeErrors(TypedDict, total=False):
    """Errors annotated by an LLM judge: MQM score from 0 to 100, and the number of errors of each type."""

    mqm_score: Annotated[float, Field(ge=0, le=100)]
    error_distribution: dict[str, float]


class EvaluationMetrics(TypedDict, total=False):
    """Metrics that apply; others are absent and none is null.

    The task's own metrics are added on their own scale.
    """

    __pydantic_config__ = ConfigDict(extra="allow")  # type: ignore[misc]

    bleu: Share
    rouge_l: Share
    ribes: Share
    gpt_eval_1: JudgeScores
    gpt_eval_2: JudgeErrors


class TopError(BaseModel):
    """Kind of mistake: its type, the number of rows that have it, and its severity."""

    type: str
    count: int = Field(ge=0)
    severity: Severity


class ErrorAnalysis(BaseModel):
    """Most frequent mistakes, and the number of mistakes of each type."""

    top_errors: list[TopError] = []
    error_type_distribution: dict[str, float] = {}


class Evaluation(ResponseModel):
    """Evaluation of the challenger."""

    id: str
    experiment_id: str = Field(description="round that the evaluation belongs to; empty for a manual one")
    track: Track
    metrics: EvaluationMetrics
    error_analysis: ErrorAnalysis
    created_at: datetime
    updated_at: datetime


class EvaluationList(BaseModel):
    """List of evaluations and their total number, as page clients expect them in `data`."""

    items: list[Evaluation]
    total: int


class EvaluationPage(ResponseModel):
    """Page of evaluations; `data` has the same list."""

    items: list[Evaluation]
    total: int
    page: int
    page_size: int
    pageSize: int  # in the casing of page clients
    total_pages: int
    totalPages: int
    data: EvaluationList


class SampleResult(BaseModel):
    """Development row: its input, the reference, the model's answer, the grade (0 to 1) and the mistakes."""

    source: str
    reference: str
    hypothesis: str
    scores: dict[str, float]
    errors: list[TopError] = Field(description="empty for a right answer")


class EvaluationDetail(Evaluation):
    """Evaluation with related names and a sample of development rows; never rows of the held-out test set."""

    experiment_name: str
    dataset_name: str = Field(description="the rows that the model was trained on; empty when unknown")
    model_name: str
    tracks: dict[Track, EvaluationMetrics] = Field(
        description="metrics of each track that the evaluation has rows of"
    )
    sample_results: list[SampleResult]


class MetricDifference(ResponseModel):
    """Metric of both evaluations, and the second value minus the first."""

    first: float
    second: float
    difference: float


class PairedDifference(ResponseModel):
    """Mean difference of the rows' grades (0 to 1, by the task's primary metric), second minus first."""

    rows: int = Field(description="development rows that both answered")
    difference: float
    low: float = Field(description="lower end of the 95 % interval")
    high: float


class EvaluationComparison(ResponseModel):
    """Differences between two evaluations."""

    first_id: str
    second_id: str
    metrics: dict[str, MetricDifference]
    only_first: list[str]
    only_second: list[str]
    paired: PairedDifference | None = Field(
        description="null if the two have fewer than 2 development rows in common"
    )


class TrackComparison(ResponseModel):
    """Better track by BLEU; null if one of them has no BLEU."""

    better_track: Track | None
    bleu_diff: float | None = Field(description="spoken minus written")


class RoundEvaluationSummary(ResponseModel):
    """Newest metrics of each track of a round; null for a track without metrics."""

    experiment_id: str
    spoken: EvaluationMetrics | None
    written: EvaluationMetrics | None
    comparison: TrackComparison
