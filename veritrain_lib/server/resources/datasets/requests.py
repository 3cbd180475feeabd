"""Request schemas of the dataset routes."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ConfigDict, Field

from veritrain_lib.server.http.casing import RequestModel
from veritrain_lib.server.http.text_fields import CellText, Id, LongText, ShortText
from veritrain_lib.server.resources.datasets.schemas import Scene, Type

MAX_CHANGES = 10_000


class DatasetCreateRequest(RequestModel):
    """New dataset without rows; `task` is needed if the language direction does not identify the task."""

    name: ShortText
    type: Type
    language_direction: ShortText
    scene: Scene
    version: int = Field(default=1, ge=1, le=1_000_000)
    parent_id: Id | None = None
    task: ShortText | None = None
    description: LongText = ""


class UploadForm(RequestModel):
    """Form fields that may accompany an uploaded file; other fields are ignored."""

    model_config = ConfigDict(extra="ignore")

    name: ShortText | None = None
    type: Type | None = None
    language_direction: ShortText | None = None
    scene: Scene | None = None
    task: ShortText | None = None
    description: LongText = ""


class DatasetUpdateRequest(RequestModel):
    """Changes of a dataset's metadata; its rows never change."""

    name: ShortText | None = None
    type: Type | None = None
    language_direction: ShortText | None = None
    scene: Scene | None = None
    description: LongText | None = None


class ReviewRequest(RequestModel):
    """Review of a sample of the accepted rows by a person; `pass_rate` is a share from 0 to 1."""

    sample_size: int = Field(ge=1, le=1_000_000)
    pass_rate: float = Field(ge=0, le=1)
    comments: LongText = ""


class DatasetModifications(RequestModel):
    """Differences between a dataset and its next version.

    `drop_ids`: rows to leave out; `edit`: rows with their `id` and the fields that change; `add`: complete new rows
    (inputs, answer, optionally `source`).
    """

    drop_ids: list[Id] = Field(default=[], max_length=MAX_CHANGES)
    edit: list[dict[ShortText, CellText]] = Field(default=[], max_length=MAX_CHANGES)
    add: list[dict[ShortText, CellText]] = Field(default=[], max_length=MAX_CHANGES)


class DatasetVersionRequest(RequestModel):
    """Next version of a dataset."""

    description: LongText = ""
    modifications: DatasetModifications


class SeedSource(RequestModel):
    """Seed data of a generation: the task's own data (`corpus`), or a dataset that passed the gate (`dataset`)."""

    type: Literal["corpus", "dataset"] = "corpus"
    id: Id | None = None
    file: ShortText | None = None


class GenerationRequest(RequestModel):
    """Request for new rows.

    Of `strategy` these keys are supported: `teacher` (or `model`, if it names the task's teacher or that teacher's
    model), `choose`, `batch`; the response lists what is not supported.
    """

    task: ShortText
    direction: ShortText | None = None
    scene: Scene | None = None
    seed_source: SeedSource = SeedSource()
    strategy: dict[ShortText, Any] = Field(default={}, max_length=50)
    target_count: int = Field(ge=1, le=100_000)
