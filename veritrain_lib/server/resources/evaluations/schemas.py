"""Schemas of the responses of the evaluation routes, with snake_case keys."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

from veritrain_lib.server.http.casing import ResponseModel

Track = Literal["spoken", "written"]
"""Kind of language of an evaluation's rows: spoken or written."""
Severity = Literal["minor", "major", "critical"]

Share = Annotated[float, Field(ge=0, le=1)]
"""Number from 0 to 1."""
JudgeScore = Annotated[float, Field(ge=1, le=5)]
"""Score of an LLM judge from 1 to 5."""


class JudgeScores(TypedDict, total=False):
    """Scores by an LLM judge, each from 1 to 5."""

    fluency: JudgeScore
    adequacy: JudgeScore
    accuracy: JudgeScore


class JudgeErrors(TypedDict, total=False):
    """Errors annotated by an LLM judge: MQM score from 0 to 100, and the number of errors of each type."""

    mqm_score: Annotated[float, Field(ge=0, le=100)]
    error_distribution: dict[str, float]


class EvaluationMetrics(TypedDict, total=False):
    """Metrics of an evaluation; those that do not apply to the task are absent, never null.

    Further metrics of the task are added under their own name, on their own scale.
    """

    __pydantic_config__ = ConfigDict(extra="allow")  # type: ignore[misc]

    bleu: Share
    rouge_l: Share
    ribes: Share
    gpt_eval_1: JudgeScores
    gpt_eval_2: JudgeErrors


class TopError(BaseModel):
    """Kind of mistake of an evaluated model: its type, its number of occurrences, and its severity."""

    type: str
    count: int = Field(ge=0)
    severity: Severity


class ErrorAnalysis(BaseModel):
    """Most frequent mistakes of an evaluated model, and the number of mistakes of each type."""

    top_errors: list[TopError] = []
    error_type_distribution: dict[str, float] = {}


class Evaluation(ResponseModel):
    """Evaluation of a newly trained model (the challenger)."""

    id: str
    experiment_id: str = Field(description="round that the evaluation belongs to; empty for a manual one")
    track: Track
    metrics: EvaluationMetrics
    error_analysis: ErrorAnalysis
    created_at: datetime
    updated_at: datetime


class EvaluationList(BaseModel):
    """List of evaluations with their total number, which clients in web pages read from `data`."""

    items: list[Evaluation]
    total: int


class EvaluationPage(ResponseModel):
    """One page of the list of evaluations; `data` repeats the list for clients in web pages."""

    items: list[Evaluation]
    total: int
    page: int
    page_size: int
    pageSize: int  # in the casing of page clients
    total_pages: int
    totalPages: int
    data: EvaluationList


class SampleResult(BaseModel):
    """Development row of an evaluation: input, expected answer, the model's answer, grades (0 to 1) and mistakes."""

    source: str
    reference: str
    hypothesis: str
    scores: dict[str, float]
    errors: list[TopError] = Field(description="empty for a right answer")


class EvaluationDetail(Evaluation):
    """Evaluation with the names of its experiment, dataset and model, and some development rows.

    Rows of the held-out test set are never included.
    """

    experiment_name: str
    dataset_name: str = Field(description="the rows that the model was trained on; empty when unknown")
    model_name: str
    tracks: dict[Track, EvaluationMetrics] = Field(
        description="metrics of each track that the evaluation has rows of"
    )
    sample_results: list[SampleResult]


class MetricDifference(ResponseModel):
    """Values of a metric that two compared evaluations have in common; `difference` is the second minus the first."""

    first: float
    second: float
    difference: float


class PairedDifference(ResponseModel):
    """Mean difference of the grades (0 to 1) that two evaluations gave to the same rows, second minus first."""

    rows: int = Field(description="development rows that both answered")
    difference: float
    low: float = Field(description="lower end of the 95 % interval")
    high: float


class EvaluationComparison(ResponseModel):
    """Differences between two evaluations; `only_first` and `only_second` name metrics that only one of them has."""

    first_id: str
    second_id: str
    metrics: dict[str, MetricDifference]
    only_first: list[str]
    only_second: list[str]
    paired: PairedDifference | None = Field(
        description="null if the two have fewer than 2 development rows in common"
    )


class TrackComparison(ResponseModel):
    """Track (spoken or written rows) of an experiment with the higher BLEU, and the difference.

    `better_track` and `bleu_diff` are null if one of the tracks has no BLEU; `better_track` is also null if both have
    the same.
    """

    better_track: Track | None
    bleu_diff: float | None = Field(description="spoken minus written")


class RoundEvaluationSummary(ResponseModel):
    """Newest metrics of an experiment for each track (spoken, written); null for a track without an evaluation."""

    experiment_id: str
    spoken: EvaluationMetrics | None
    written: EvaluationMetrics | None
    comparison: TrackComparison
