"""Request and response schemas of the evaluation routes. Responses are in snake_case."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from veritrain_lib.server.api.casing import RequestModel, ResponseModel
from veritrain_lib.server.serializers import metrics as evaluation_metrics
from veritrain_lib.server.serializers.errors import Severity
from veritrain_lib.server.serializers.evaluation import Evaluation, Track
from veritrain_lib.server.serializers.evaluation_content import SampleResult


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


class EvaluationDetail(Evaluation):
    """Evaluation with related names and a sample of development rows; never rows of the held-out test set."""

    experiment_name: str
    dataset_name: str = Field(description="the rows that the model was trained on; empty when unknown")
    model_name: str
    tracks: dict[Track, evaluation_metrics.EvaluationMetrics] = Field(
        description="metrics of each track that the evaluation has rows of"
    )
    sample_results: list[SampleResult]


class TopErrorInput(RequestModel):
    """Kind of mistake with its count and severity."""

    type: str = Field(min_length=1, max_length=200)
    count: int = Field(ge=0, le=10**9)
    severity: Severity = "major"


class ErrorAnalysisInput(RequestModel):
    """Error analysis of an evaluation."""

    top_errors: list[TopErrorInput] = Field(default=[], max_length=200)
    error_type_distribution: dict[str, Annotated[float, Field(ge=0, le=1e9)]] = Field(
        default={}, max_length=200
    )


class JudgeScoresInput(RequestModel):
    """Scores of an LLM judge, 1 to 5."""

    fluency: evaluation_metrics.JudgeScore | None = None
    adequacy: evaluation_metrics.JudgeScore | None = None
    accuracy: evaluation_metrics.JudgeScore | None = None


class JudgeErrorsInput(RequestModel):
    """Errors that an LLM judge annotated."""

    mqm_score: float | None = Field(default=None, ge=0, le=100)
    error_distribution: dict[str, Annotated[float, Field(ge=0, le=1e9)]] | None = Field(
        default=None, max_length=200
    )


class MetricsInput(RequestModel):
    """Metrics that were measured elsewhere; besides the named ones, any other as a number."""

    model_config = ConfigDict(extra="allow")

    bleu: evaluation_metrics.Share | None = None
    rouge_l: evaluation_metrics.Share | None = None
    ribes: evaluation_metrics.Share | None = None
    gpt_eval_1: JudgeScoresInput | None = None
    gpt_eval_2: JudgeErrorsInput | None = None


class EvaluationCreateRequest(RequestModel):
    """Evaluation that was made elsewhere, of the model that a round trained."""

    experiment_id: str = Field(min_length=1, max_length=64)
    track: Track
    metrics: MetricsInput
    error_analysis: ErrorAnalysisInput = ErrorAnalysisInput()


class EvaluationCompareRequest(RequestModel):
    """Evaluations to compare: the baseline, and the one that is compared with it."""

    evaluation_ids: list[Annotated[str, Field(min_length=1, max_length=64)]] = Field(
        min_length=2, max_length=2
    )


class TrackComparison(ResponseModel):
    """Better track by BLEU; null if one of them has no BLEU."""

    better_track: Track | None
    bleu_diff: float | None = Field(description="spoken minus written")


class RoundEvaluationSummary(ResponseModel):
    """Newest metrics of each track of a round; null for a track without metrics."""

    experiment_id: str
    spoken: evaluation_metrics.EvaluationMetrics | None
    written: evaluation_metrics.EvaluationMetrics | None
    comparison: TrackComparison
