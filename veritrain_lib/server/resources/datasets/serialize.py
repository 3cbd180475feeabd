"""Serializer of datasets: the run that made a dataset, with the result of the newest gate on it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from veritrain_lib.server.http.timestamps import utc_datetime
from veritrain_lib.server.resources.datasets.record import EDITION_TAG, PARENT_ID_TAG
from veritrain_lib.server.resources.datasets.schemas import DatasetResponse
from veritrain_lib.server.tasks import tasks_by_experiment
from veritrain_lib.tracking import dataset_facts, dataset_listing, runs
from veritrain_lib.tracking.dataset_listing import TITLE_TAG, DatasetItem, DatasetQuery
from veritrain_lib.tracking.dataset_shown import listing_run_ids
from veritrain_lib.tracking.datasets import PREFIX


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


def dataset_ids_by_reference(references: Iterable[str]) -> dict[str, str]:
    """Return the id of the dataset that a list shows for each reference: for accepted rows, that of their draft."""
    return listing_run_ids([reference for reference in references if reference])
