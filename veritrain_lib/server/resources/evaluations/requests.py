"""Schemas of the request bodies of the evaluation routes: an evaluation that was made elsewhere, and a comparison."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field

from veritrain_lib.server.http.casing import RequestModel
from veritrain_lib.server.resources.evaluations.schemas import JudgeScore, Severity, Share, Track


class TopErrorInput(RequestModel):
    """Kind of mistake in an evaluation that a client sends: its type, number of occurrences and severity."""

    type: str = Field(min_length=1, max_length=200)
    count: int = Field(ge=0, le=10**9)
    severity: Severity = "major"


class ErrorAnalysisInput(RequestModel):
    """Error analysis of an evaluation that a client sends."""

    top_errors: list[TopErrorInput] = Field(default=[], max_length=200)
    error_type_distribution: dict[str, Annotated[float, Field(ge=0, le=1e9)]] = Field(
        default={}, max_length=200
    )


class JudgeScoresInput(RequestModel):
    """Scores (1 to 5) by an LLM judge in an evaluation that a client sends."""

    fluency: JudgeScore | None = None
    adequacy: JudgeScore | None = None
    accuracy: JudgeScore | None = None


class JudgeErrorsInput(RequestModel):
    """Errors annotated by an LLM judge in an evaluation that a client sends.

    `mqm_score` is from 0 to 100, `error_distribution` the number of errors of each type.
    """

    mqm_score: float | None = Field(default=None, ge=0, le=100)
    error_distribution: dict[str, Annotated[float, Field(ge=0, le=1e9)]] | None = Field(
        default=None, max_length=200
    )


class MetricsInput(RequestModel):
    """Metrics of an evaluation that a client sends; any further key is a metric whose value is a number."""

    model_config = ConfigDict(extra="allow")

    bleu: Share | None = None
    rouge_l: Share | None = None
    ribes: Share | None = None
    gpt_eval_1: JudgeScoresInput | None = None
    gpt_eval_2: JudgeErrorsInput | None = None


class EvaluationCreateRequest(RequestModel):
    """Request body that stores an evaluation which a client made elsewhere, of the model that an experiment trained."""

    experiment_id: str = Field(min_length=1, max_length=64)
    track: Track
    metrics: MetricsInput
    error_analysis: ErrorAnalysisInput = ErrorAnalysisInput()


class EvaluationCompareRequest(RequestModel):
    """Request body of a comparison of two evaluations: ids of the baseline and of the one compared with it."""

    evaluation_ids: list[Annotated[str, Field(min_length=1, max_length=64)]] = Field(
        min_length=2, max_length=2
    )
