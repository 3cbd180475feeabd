"""Request schemas of the evaluation routes."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field

from veritrain_lib.server.http.casing import RequestModel
from veritrain_lib.server.resources.evaluations.schemas import JudgeScore, Severity, Share, Track


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

    fluency: JudgeScore | None = None
    adequacy: JudgeScore | None = None
    accuracy: JudgeScore | None = None


class JudgeErrorsInput(RequestModel):
    """Errors that an LLM judge annotated."""

    mqm_score: float | None = Field(default=None, ge=0, le=100)
    error_distribution: dict[str, Annotated[float, Field(ge=0, le=1e9)]] | None = Field(
        default=None, max_length=200
    )


class MetricsInput(RequestModel):
    """Metrics that were measured elsewhere; besides the named ones, any other as a number."""

    model_config = ConfigDict(extra="allow")

    bleu: Share | None = None
    rouge_l: Share | None = None
    ribes: Share | None = None
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
