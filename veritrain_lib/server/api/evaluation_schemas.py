"""What clients send and get about evaluations. They answer in snake_case."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from veritrain_lib.server.api.casing import Answer, Given
from veritrain_lib.server.serializers import metrics as measured
from veritrain_lib.server.serializers.errors import Severity
from veritrain_lib.server.serializers.evaluation import Evaluation, Track
from veritrain_lib.server.serializers.evaluation_content import Sample


class Items(BaseModel):
    """The list once more, where page clients look for it."""

    items: list[Evaluation]
    total: int


class EvaluationPage(Answer):
    """A page of evaluations; `data` has the same list."""

    items: list[Evaluation]
    total: int
    page: int
    page_size: int
    pageSize: int  # as page clients read it
    total_pages: int
    totalPages: int
    data: Items


class EvaluationDetail(Evaluation):
    """An evaluation with the names around it and a sample of development rows; never rows of the sealed set."""

    experiment_name: str
    dataset_name: str = Field(description="the rows that the model was trained on; empty when unknown")
    model_name: str
    tracks: dict[Track, measured.Metrics] = Field(description="the metrics of each track that it has rows of")
    sample_results: list[Sample]


class TopErrorGiven(Given):
    """A mistake."""

    type: str = Field(min_length=1, max_length=200)
    count: int = Field(ge=0, le=10**9)
    severity: Severity = "major"


class ErrorAnalysisGiven(Given):
    """The mistakes of an evaluation."""

    top_errors: list[TopErrorGiven] = Field(default=[], max_length=200)
    error_type_distribution: dict[str, Annotated[float, Field(ge=0, le=1e9)]] = Field(
        default={}, max_length=200
    )


class PointsGiven(Given):
    """Points of a judge, 1 to 5."""

    fluency: measured.Points | None = None
    adequacy: measured.Points | None = None
    accuracy: measured.Points | None = None


class ErrorsGiven(Given):
    """Errors that a judge marked."""

    mqm_score: float | None = Field(default=None, ge=0, le=100)
    error_distribution: dict[str, Annotated[float, Field(ge=0, le=1e9)]] | None = Field(
        default=None, max_length=200
    )


class MetricsGiven(Given):
    """Metrics that were measured elsewhere; beside the named ones any other, as a number."""

    model_config = ConfigDict(extra="allow")

    bleu: measured.Share | None = None
    rouge_l: measured.Share | None = None
    ribes: measured.Share | None = None
    gpt_eval_1: PointsGiven | None = None
    gpt_eval_2: ErrorsGiven | None = None


class EvaluationGiven(Given):
    """An evaluation that was made elsewhere, of what a round made."""

    experiment_id: str = Field(min_length=1, max_length=64)
    track: Track
    metrics: MetricsGiven
    error_analysis: ErrorAnalysisGiven = ErrorAnalysisGiven()


class CompareGiven(Given):
    """The evaluations to compare: the baseline, and the one that is compared with it."""

    evaluation_ids: list[Annotated[str, Field(min_length=1, max_length=64)]] = Field(
        min_length=2, max_length=2
    )


class TrackComparison(Answer):
    """Which track is the better one, by BLEU; null where one of them has none."""

    better_track: Track | None
    bleu_diff: float | None = Field(description="spoken minus written")


class RoundSummary(Answer):
    """The newest metrics of each track of a round; null for a track without any."""

    experiment_id: str
    spoken: measured.Metrics | None
    written: measured.Metrics | None
    comparison: TrackComparison
