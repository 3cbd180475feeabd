"""Request and response schemas of the model routes."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from veritrain_lib.server.api.casing import DualCaseResponse, RequestModel
from veritrain_lib.server.serializers.evaluation_of_model import EvaluationSummary
from veritrain_lib.server.serializers.model import Kind, ModelItem, Status
from veritrain_lib.server.serializers.prompt import PromptContract


class ModelPage(DualCaseResponse):
    """Page of models."""

    items: list[ModelItem]
    total: int
    page: int
    page_size: int
    total_pages: int


class ModelDetail(ModelItem):
    """Model with its prompts and a summary of its evaluations."""

    prompt_contracts: list[PromptContract] = Field(description="prompts of the model's task")
    evaluation_summary: EvaluationSummary


class ModelMetadataInput(RequestModel):
    """Client-supplied metadata of a model."""

    parameters: Annotated[str, Field(max_length=200)] | int | None = None
    tokenizer: str | None = Field(default=None, max_length=500)
    source: str | None = Field(default=None, max_length=2000)


class ModelCreateRequest(RequestModel):
    """Model to register: a base model, or one that is opened at `config.address`."""

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
    """New status of a model."""

    status: Status


class ProbeRequest(RequestModel):
    """Test cases to answer in addition to the task's development rows."""

    test_cases: list[str | dict[str, Any]] = Field(
        default=[], max_length=50, description="texts, or objects of the task's inputs"
    )
