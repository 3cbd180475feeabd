"""What clients send about datasets."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, StringConstraints

from veritrain_lib.server.api.casing import Given
from veritrain_lib.server.serializers.dataset import Scene, Type

PLAIN = r"^[^\x00]*$"
"""No zero byte: no database keeps it."""

Word = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=PLAIN)]
Text = Annotated[str, StringConstraints(max_length=4000, pattern=PLAIN)]
Cell = Annotated[str, StringConstraints(max_length=100_000, pattern=PLAIN)]
Id = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=PLAIN)]

MOST_CHANGES = 10_000


class DatasetGiven(Given):
    """A new dataset without rows; `task` where the direction does not say which it is."""

    name: Word
    type: Type
    language_direction: Word
    scene: Scene
    version: int = Field(default=1, ge=1, le=1_000_000)
    parent_id: Id | None = None
    task: Word | None = None
    description: Text = ""


class UploadGiven(Given):
    """What a form may say beside its file; other fields are ignored."""

    model_config = ConfigDict(extra="ignore")

    name: Word | None = None
    type: Type | None = None
    language_direction: Word | None = None
    scene: Scene | None = None
    task: Word | None = None
    description: Text = ""


class DatasetChange(Given):
    """What is to be said of a dataset; its rows never change."""

    name: Word | None = None
    type: Type | None = None
    language_direction: Word | None = None
    scene: Scene | None = None
    description: Text | None = None


class ReviewGiven(Given):
    """A person's look at a sample of the accepted rows; `pass_rate` is a share, 0 to 1."""

    sample_size: int = Field(ge=1, le=1_000_000)
    pass_rate: float = Field(ge=0, le=1)
    comments: Text = ""


class Modifications(Given):
    """What is different in the next version.

    `drop_ids`: rows to leave out; `edit`: rows with their `id` and the fields that change; `add`: whole new rows
    (inputs, answer, perhaps `source`).
    """

    drop_ids: list[Id] = Field(default=[], max_length=MOST_CHANGES)
    edit: list[dict[Word, Cell]] = Field(default=[], max_length=MOST_CHANGES)
    add: list[dict[Word, Cell]] = Field(default=[], max_length=MOST_CHANGES)


class VersionGiven(Given):
    """A next version of a dataset."""

    description: Text = ""
    modifications: Modifications


class SeedSource(Given):
    """What new rows start from: the task's own data so far (`corpus`), or a dataset that passed the gate."""

    type: Literal["corpus", "dataset"] = "corpus"
    id: Id | None = None
    file: Word | None = None


class GenerationGiven(Given):
    """New rows that are wanted. Of `strategy` these are obeyed: `teacher` (or `model`, if it names the task's teacher or
    its model), `choose`, `batch`; the answer lists what can't be."""

    task: Word
    direction: Word | None = None
    scene: Scene | None = None
    seed_source: SeedSource = SeedSource()
    strategy: dict[Word, Any] = Field(default={}, max_length=50)
    target_count: int = Field(ge=1, le=100_000)
