"""Schemas of the requests and responses of the model routes."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from veritrain_lib.server.http.casing import DualCaseResponse, RequestModel

Kind = Literal["base", "adapter"]
Status = Literal["available", "deprecated", "training"]


class ModelMetadata(DualCaseResponse):
    """Size, tokenizer and origin of a model."""

    parameters: str | None = Field(default=None, description="number of parameters, such as `7B`")
    tokenizer: str | None = None
    source: str | None = Field(default=None, description="origin of the model")


class BaselineProbe(DualCaseResponse):
    """Result of the probe stage for a model: what it can do, and the measured rates behind that."""

    is_multi_candidate: bool = Field(description="several candidates in more than half of the rows")
    has_explanation: bool = Field(description="an explanation in more than half of the rows")
    follows_output_contract: bool = Field(description="output contract followed in 95 % of the rows or more")
    probed_at: datetime | None = Field(description="when the probe ended")
    details: dict[str, Any] = Field(
        description="`measures`: each rate with `value`, `low`, `high` (95 %) and `n` rows; `run_id`: the probe's run; "
        "`test_cases`: answers to the test cases of the request"
    )


class ModelItem(DualCaseResponse):
    """Version of a registered model, as an item of a list."""

    id: str = Field(examples=["support-3"])
    name: str
    version: int
    type: Kind
    status: Status
    base_model_id: str | None = Field(description="base model of an adapter")
    config: dict[str, Any] = Field(
        description="`address` that opens the model; also `task`, `dataset` and `trainer` if known"
    )
    metadata: ModelMetadata
    metadata_: ModelMetadata = Field(description="the same, under the name that backend clients read")
    baseline_probe: BaselineProbe | None = Field(description="null until the model was probed")
    aliases: list[str] = Field(description="`champion`, `challenger`, ...")
    created_at: datetime
    updated_at: datetime


class ModelPage(DualCaseResponse):
    """One page of the list of models."""

    items: list[ModelItem]
    total: int
    page: int
    page_size: int
    total_pages: int


class PromptContract(DualCaseResponse):
    """Version of a prompt of a model's task, from MLflow's prompt registry."""

    id: str
    name: str
    version: int
    template: str
    model_id: str
    created_at: datetime
    updated_at: datetime


class EvaluationSummary(DualCaseResponse):
    """Number of a model's evaluations, and its metrics in the newest one."""

    total: int
    latest_id: str | None
    latest_at: datetime | None
    metrics: dict[str, float]


class ModelDetail(ModelItem):
    """Model with the prompts of its task and a summary of its evaluations."""

    prompt_contracts: list[PromptContract] = Field(description="prompts of the model's task")
    evaluation_summary: EvaluationSummary


class ModelEvaluation(DualCaseResponse):
    """Evaluation in which a model took part. Each of its metrics is a further key whose value is a number."""

    model_config = ConfigDict(extra="allow")

    id: str
    experiment_id: str
    experiment_name: str
    dataset_name: str = Field(description="the rows that the model was trained on; empty when unknown")
    role: str = Field(description="challenger or champion")
    evaluated_at: datetime


class ModelEvaluations(DualCaseResponse):
    """Newest evaluations of a model, and the number of all."""

    items: list[ModelEvaluation]
    total: int


class ModelMetadataInput(RequestModel):
    """Size, tokenizer and origin that a client states when it registers a model."""

    parameters: Annotated[str, Field(max_length=200)] | int | None = None
    tokenizer: str | None = Field(default=None, max_length=500)
    source: str | None = Field(default=None, max_length=2000)


class ModelCreateRequest(RequestModel):
    """Request body that registers a model.

    With `config.address`, the model can be opened there; without it, only the model's name is registered.
    """

    name: str = Field(
        min_length=1,
        max_length=200,
        description="without / and :, and different from the name of every prompt",
    )
    type: Kind
    base_model_id: str | None = Field(
        default=None, max_length=300, description="a model's id, or the address of a base"
    )
    status: Status = "available"
    config: dict[str, Any] = Field(
        default={},
        description="`address`: address that opens the model, such as openai:/gpt-4.1-mini; `task`: the name of the task that it "
        "answers (default: the model's name); anything else is kept as it is",
    )
    metadata: ModelMetadataInput = ModelMetadataInput()


class ModelStatusRequest(RequestModel):
    """Request body that changes the status of a model."""

    status: Status


class ProbeRequest(RequestModel):
    """Request body of a probe, which tests how a model answers: test cases in addition to rows of its task."""

    test_cases: list[str | dict[str, Any]] = Field(
        default=[], max_length=50, description="texts, or objects of the task's inputs"
    )
