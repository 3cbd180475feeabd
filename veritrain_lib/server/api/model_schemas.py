"""What clients send and get about models."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from veritrain_lib.server.api.casing import Given, TwofoldAnswer
from veritrain_lib.server.serializers.evaluation_of_model import EvaluationSummary
from veritrain_lib.server.serializers.model import Kind, ModelItem, Status
from veritrain_lib.server.serializers.prompt import PromptContract


class ModelPage(TwofoldAnswer):
    """A page of models."""

    items: list[ModelItem]
    total: int
    page: int
    page_size: int
    total_pages: int


class ModelDetail(ModelItem):
    """A model with what belongs to it."""

    prompt_contracts: list[PromptContract] = Field(description="the prompts that its task asks with")
    evaluation_summary: EvaluationSummary


class MetadataGiven(Given):
    """What a client knows of a model's make."""

    parameters: Annotated[str, Field(max_length=200)] | int | None = None
    tokenizer: str | None = Field(default=None, max_length=500)
    source: str | None = Field(default=None, max_length=2000)


class ModelGiven(Given):
    """A model to file: a base, or one that lives at `config.address`."""

    name: str = Field(min_length=1, max_length=200, description="without / and :, other than any prompt's")
    type: Kind
    base_model_id: str | None = Field(
        default=None, max_length=300, description="a model's id, or the address of a base"
    )
    status: Status = "available"
    config: dict[str, Any] = Field(
        default={},
        description="`address`: what opens it, such as openai:/gpt-4.1-mini; `task`: the name of the task that it "
        "answers (default: the model's name); anything else is kept as it is",
    )
    metadata: MetadataGiven = MetadataGiven()


class StatusGiven(Given):
    """A model's new status."""

    status: Status


class ProbeGiven(Given):
    """What to ask beside the task's development rows."""

    test_cases: list[str | dict[str, Any]] = Field(
        default=[], max_length=50, description="texts, or objects of the task's inputs"
    )
