"""Schemas of the request bodies of the dataset routes."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ConfigDict, Field

from veritrain_lib.server.http.casing import RequestModel
from veritrain_lib.server.http.text_fields import CellText, Id, LongText, ShortText
from veritrain_lib.server.resources.datasets.schemas import Scene, Type

MAX_CHANGES = 10_000
"""Maximum number of rows in each list of a dataset's modifications."""


class DatasetCreateRequest(RequestModel):
    """Request body of a new dataset without rows.

    `task` is needed if there is neither a `parent_id` nor a task with the `language_direction`.
    """

    name: ShortText
    type: Type
    language_direction: ShortText
    scene: Scene
    version: int = Field(default=1, ge=1, le=1_000_000)
    parent_id: Id | None = None
    task: ShortText | None = None
    description: LongText = ""


class UploadForm(RequestModel):
    """Form fields that may come with an uploaded dataset file; unknown fields are ignored."""

    model_config = ConfigDict(extra="ignore")

    name: ShortText | None = None
    type: Type | None = None
    language_direction: ShortText | None = None
    scene: Scene | None = None
    task: ShortText | None = None
    description: LongText = ""


class DatasetUpdateRequest(RequestModel):
    """Request body that changes a dataset's metadata; a field that is missing stays as it is. Rows never change."""

    name: ShortText | None = None
    type: Type | None = None
    language_direction: ShortText | None = None
    scene: Scene | None = None
    description: LongText | None = None


class ReviewRequest(RequestModel):
    """Request body of a person's review of a sample of a dataset's accepted rows.

    `pass_rate` is a share from 0 to 1.
    """

    sample_size: int = Field(ge=1, le=1_000_000)
    pass_rate: float = Field(ge=0, le=1)
    comments: LongText = ""


class DatasetModifications(RequestModel):
    """Changes that turn the rows of a dataset into those of its next version.

    `drop_ids` lists the ids of rows to leave out; `edit` has rows with their `id` and the columns that change; `add`
    has complete new rows (inputs, answer, optionally `source`).
    """

    drop_ids: list[Id] = Field(default=[], max_length=MAX_CHANGES)
    edit: list[dict[ShortText, CellText]] = Field(default=[], max_length=MAX_CHANGES)
    add: list[dict[ShortText, CellText]] = Field(default=[], max_length=MAX_CHANGES)


class DatasetVersionRequest(RequestModel):
    """Request body of the next version of a dataset."""

    description: LongText = ""
    modifications: DatasetModifications


class SeedSource(RequestModel):
    """Rows from which a generation starts.

    They are the task's own data (`corpus`), or a dataset that has passed the quality gate (`dataset`, with its `id`).
    """

    type: Literal["corpus", "dataset"] = "corpus"
    id: Id | None = None
    file: ShortText | None = None


class GenerationRequest(RequestModel):
    """Request body for a dataset of new training rows, which a teacher writes or chooses from a pool.

    Supported keys of `strategy` are `teacher` (name of the teacher), `choose` (strategy by which rows are chosen from
    the pool) and `batch` (number of rows chosen at once; after each batch the teacher trains its model again). The key
    `model` is supported only if it names a teacher or the model of the task's teacher. The response lists the parts of
    the request that are not followed.
    """

    task: ShortText
    direction: ShortText | None = None
    scene: Scene | None = None
    seed_source: SeedSource = SeedSource()
    strategy: dict[ShortText, Any] = Field(default={}, max_length=50)
    target_count: int = Field(ge=1, le=100_000)
