"""A dataset as the API shows it: the run that made it, with what the newest gate says of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal

from veritrain_lib.server.api.casing import TwofoldAnswer
from veritrain_lib.server.api.problems import Conflict, NotFound
from veritrain_lib.server.serializers.task import tasks_by_experiment
from veritrain_lib.tracking import dataset_facts, dataset_listing, runs
from veritrain_lib.tracking.dataset_listing import TITLE, DatasetItem, DatasetQuery
from veritrain_lib.tracking.dataset_shown import shown_as
from veritrain_lib.tracking.datasets import PREFIX
from veritrain_lib.tracking.entities import Run

Type = Literal["human", "synthetic", "mixed"]
Scene = Literal["meeting", "written"]
Status = Literal["draft", "passed", "blocked"]

EDITION, PARENT_ID = f"{PREFIX}edition", f"{PREFIX}parent_id"
NOT_JUDGED = f"{PREFIX}not_judged"
RUN_ID = re.compile(r"[0-9a-f]{32}")


class Dataset(TwofoldAnswer):
    """A dataset. `reference` is the name (NAME@VERSION) by which stages and the command line know it, `rows` how many
    there are; `parent_id` is the dataset that it grew from, `file_path` where its rows are in the record."""

    id: str
    name: str
    type: Type
    language_direction: str
    scene: Scene
    version: int
    status: Status
    parent_id: str | None
    file_path: str
    task: str
    reference: str
    rows: int
    description: str
    created_at: datetime
    updated_at: datetime


def dataset(item: DatasetItem, directions: Mapping[str, str], parents: Mapping[str, str]) -> Dataset:
    """The answer for an item; `directions` by experiment id, `parents` ids of datasets by reference."""
    run, tags = item.run, item.run.data.tags
    name = tags[f"{PREFIX}name"]
    ended = max(one.info.end_time or one.info.start_time for one in (run, item.gate or run))
    kind, scene = tags.get(f"{PREFIX}type", ""), tags.get(f"{PREFIX}scene", "")
    return Dataset(
        id=run.info.run_id,
        name=tags.get(TITLE) or name,
        type=kind if kind in dataset_facts.TYPES else dataset_facts.DEFAULT_TYPE,  # type: ignore[arg-type]
        language_direction=tags.get(f"{PREFIX}direction") or directions.get(run.info.experiment_id) or name,
        scene=scene if scene in dataset_facts.SCENES else dataset_facts.DEFAULT_SCENE,  # type: ignore[arg-type]
        version=int(tags.get(EDITION) or tags[f"{PREFIX}version"]),
        status=item.status,  # type: ignore[arg-type]
        parent_id=tags.get(PARENT_ID) or parents.get(tags.get(f"{PREFIX}parent", "")),
        file_path=f"runs:/{run.info.run_id}/dataset/rows.jsonl",
        task=name,
        reference=item.reference,
        rows=int(tags.get(f"{PREFIX}rows", 0)),
        description=tags.get(runs.NOTE, ""),
        created_at=moment(run.info.start_time),
        updated_at=moment(ended),
    )


def moment(milliseconds: int) -> datetime:
    """A time of MLflow's, in UTC."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def answers(items: Sequence[DatasetItem]) -> list[Dataset]:
    """The answers for a page of items."""
    parents = ids_of(item.run.data.tags.get(f"{PREFIX}parent", "") for item in items)
    known = directions()
    return [dataset(item, known, parents) for item in items]


def directions() -> dict[str, str]:
    """The direction of each task, by experiment id."""
    return {key: dataset_facts.direction(task) for key, task in tasks_by_experiment().items()}


def page(
    *, search: str, type: str, direction: str, scene: str, status: str, offset: int, limit: int
) -> tuple[list[Dataset], int]:
    """A page of datasets, the newest first, and how many there are in all."""
    query = DatasetQuery(search, type, direction, scene, status, directions() if direction else {})
    items, total = dataset_listing.datasets_page(query, offset=offset, limit=limit)
    return answers(items), total


def find(dataset_id: str) -> DatasetItem:
    """The item of an id. Raises NotFound."""
    found = dataset_listing.read_datasets([dataset_id]) if RUN_ID.fullmatch(dataset_id) else {}
    if dataset_id not in found:
        raise NotFound(f"there is no dataset {dataset_id[:80]!r}")
    return found[dataset_id]


def training_reference(run: Run) -> str:
    """NAME@VERSION of the rows that may be trained on: those that the newest gate let through of the dataset which a
    run made.

    Raises NotFound when it made none; Conflict with the reasons when they are blocked, or not judged yet.
    """
    item = find(run.info.run_id)
    name = item.run.data.tags.get(TITLE) or item.reference
    if item.gate is None:
        why = item.run.data.tags.get(NOT_JUDGED)
        rows = int(item.run.data.tags.get(f"{PREFIX}rows", 0))
        said = f"the gate could not be run: {why}" if why else "the gate has not judged it yet"
        raise Conflict(f"dataset {name!r} can't be used: {said if rows else 'it has no rows'}")
    if item.status != "passed":
        raise Conflict(f"dataset {name!r} can't be used: {'; '.join(block_reasons(item.gate))}")
    tags = item.gate.data.tags
    return f"{tags[f'{PREFIX}name']}@{tags[f'{PREFIX}version']}"


def block_reasons(gate: Run) -> list[str]:
    """Why a gate's run blocked what it judged; empty when it did not."""
    from veritrain_lib.stage_io.stage import load_result

    found: Any = load_result("gate", gate.info.run_id)
    return list(found.block_reasons)


def ids_of(references: Iterable[str]) -> dict[str, str]:
    """The id of the dataset that a list shows for each reference: for what a gate let through, its draft's."""
    return shown_as([one for one in references if one])
