"""Serializer of datasets: the run that made a dataset, with the result of the newest gate on it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal

from veritrain_lib.server.api.casing import DualCaseResponse
from veritrain_lib.server.api.problems import Conflict, NotFound
from veritrain_lib.server.serializers.task import tasks_by_experiment
from veritrain_lib.tracking import dataset_facts, dataset_listing, runs
from veritrain_lib.tracking.dataset_listing import TITLE_TAG, DatasetItem, DatasetQuery
from veritrain_lib.tracking.dataset_shown import listing_run_ids
from veritrain_lib.tracking.datasets import PREFIX
from veritrain_lib.tracking.entities import Run

Type = Literal["human", "synthetic", "mixed"]
Scene = Literal["meeting", "written"]
Status = Literal["draft", "passed", "blocked"]

EDITION_TAG, PARENT_ID_TAG = f"{PREFIX}edition", f"{PREFIX}parent_id"
GATE_ERROR_TAG = f"{PREFIX}not_judged"
RUN_ID = re.compile(r"[0-9a-f]{32}")


class DatasetResponse(DualCaseResponse):
    """Dataset.

    `reference` (NAME@VERSION) is the name by which stages and the command line refer to it; `rows` is the number of
    rows; `parent_id` is the dataset that it was derived from; `file_path` is the location of its rows in the record.
    """

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


def serialize_dataset(
    item: DatasetItem, directions: Mapping[str, str], parents: Mapping[str, str]
) -> DatasetResponse:
    """Return the response for a dataset.

    Args:
        item: The run that made the dataset and the newest gate on it.
        directions: Language direction of each task, by experiment id.
        parents: Ids of datasets by reference.
    """
    run, tags = item.run, item.run.data.tags
    name = tags[f"{PREFIX}name"]
    updated_at = max(
        gated_run.info.end_time or gated_run.info.start_time for gated_run in (run, item.gate or run)
    )
    dataset_type, scene = tags.get(f"{PREFIX}type", ""), tags.get(f"{PREFIX}scene", "")
    return DatasetResponse(
        id=run.info.run_id,
        name=tags.get(TITLE_TAG) or name,
        type=dataset_type if dataset_type in dataset_facts.DATASET_TYPES else dataset_facts.DEFAULT_TYPE,  # type: ignore[arg-type]
        language_direction=tags.get(f"{PREFIX}direction") or directions.get(run.info.experiment_id) or name,
        scene=scene if scene in dataset_facts.SCENES else dataset_facts.DEFAULT_SCENE,  # type: ignore[arg-type]
        version=int(tags.get(EDITION_TAG) or tags[f"{PREFIX}version"]),
        status=item.status,  # type: ignore[arg-type]
        parent_id=tags.get(PARENT_ID_TAG) or parents.get(tags.get(f"{PREFIX}parent", "")),
        file_path=f"runs:/{run.info.run_id}/dataset/rows.jsonl",
        task=name,
        reference=item.reference,
        rows=int(tags.get(f"{PREFIX}rows", 0)),
        description=tags.get(runs.NOTE_TAG, ""),
        created_at=utc_datetime(run.info.start_time),
        updated_at=utc_datetime(updated_at),
    )


def utc_datetime(milliseconds: int) -> datetime:
    """Return a timestamp of MLflow (milliseconds since 1970) as a datetime in UTC."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def serialize_datasets(items: Sequence[DatasetItem]) -> list[DatasetResponse]:
    """Return the responses for a page of datasets."""
    parents = dataset_ids_by_reference(item.run.data.tags.get(f"{PREFIX}parent", "") for item in items)
    directions = directions_by_experiment()
    return [serialize_dataset(item, directions, parents) for item in items]


def directions_by_experiment() -> dict[str, str]:
    """Return the language direction of each task, by experiment id."""
    return {key: dataset_facts.direction(task) for key, task in tasks_by_experiment().items()}


def dataset_page(
    *, search: str, type: str, direction: str, scene: str, status: str, offset: int, limit: int
) -> tuple[list[DatasetResponse], int]:
    """Return a page of datasets, newest first, and the total number of datasets."""
    query = DatasetQuery(
        search, type, direction, scene, status, directions_by_experiment() if direction else {}
    )
    items, total = dataset_listing.datasets_page(query, offset=offset, limit=limit)
    return serialize_datasets(items), total


def find_dataset(dataset_id: str) -> DatasetItem:
    """Return the dataset of an id. Raises NotFound."""
    datasets = dataset_listing.read_datasets([dataset_id]) if RUN_ID.fullmatch(dataset_id) else {}
    if dataset_id not in datasets:
        raise NotFound(f"there is no dataset {dataset_id[:80]!r}")
    return datasets[dataset_id]


def training_reference(run: Run) -> str:
    """Return NAME@VERSION of the rows of a run's dataset that may be trained on.

    These are the rows that the newest gate accepted.

    Raises:
        NotFound: The run made no dataset.
        Conflict: The dataset is blocked (with the reasons), or the gate has not run on it yet.
    """
    item = find_dataset(run.info.run_id)
    name = item.run.data.tags.get(TITLE_TAG) or item.reference
    if item.gate is None:
        gate_error = item.run.data.tags.get(GATE_ERROR_TAG)
        rows = int(item.run.data.tags.get(f"{PREFIX}rows", 0))
        reason = (
            f"the gate could not be run: {gate_error}" if gate_error else "the gate has not run on it yet"
        )
        raise Conflict(f"dataset {name!r} can't be used: {reason if rows else 'it has no rows'}")
    if item.status != "passed":
        raise Conflict(f"dataset {name!r} can't be used: {'; '.join(block_reasons(item.gate))}")
    tags = item.gate.data.tags
    return f"{tags[f'{PREFIX}name']}@{tags[f'{PREFIX}version']}"


def block_reasons(gate: Run) -> list[str]:
    """Return the reasons why a gate's run blocked a dataset; empty if it did not."""
    from veritrain_lib.stages.record.stored_result import load_result

    result: Any = load_result("gate", gate.info.run_id)
    return list(result.block_reasons)


def dataset_ids_by_reference(references: Iterable[str]) -> dict[str, str]:
    """Return the id of the dataset that a list shows for each reference: for accepted rows, that of their draft."""
    return listing_run_ids([reference for reference in references if reference])
