"""Conversion of datasets (an MLflow run with the newest run of the quality gate on its rows) to API responses."""

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
    """Return the API response for a dataset.

    Args:
        item: MLflow run that made the dataset, and the newest run of the quality gate on it.
        directions: Language direction of each task, by MLflow experiment id.
        parents: API ids of parent datasets, by reference (NAME@VERSION).
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
        file_path=f"runs:/{run.info.run_id}/dataset/layout.json",
        task=name,
        reference=item.reference,
        rows=int(tags.get(f"{PREFIX}rows", 0)),
        description=tags.get(runs.NOTE_TAG, ""),
        created_at=utc_datetime(run.info.start_time),
        updated_at=utc_datetime(updated_at),
    )


def serialize_datasets(items: Sequence[DatasetItem]) -> list[DatasetResponse]:
    """Return the API responses for several datasets, in the same order."""
    parents = dataset_ids_by_reference(item.run.data.tags.get(f"{PREFIX}parent", "") for item in items)
    directions = directions_by_experiment()
    return [serialize_dataset(item, directions, parents) for item in items]


def directions_by_experiment() -> dict[str, str]:
    """Return the language direction of each task, such as `ja-en`, by the id of its MLflow experiment.

    The direction of a task that is not a translation is its name.
    """
    return {key: dataset_facts.direction(task) for key, task in tasks_by_experiment().items()}


def dataset_page(
    *, search: str, type: str, direction: str, scene: str, status: str, offset: int, limit: int
) -> tuple[list[DatasetResponse], int]:
    """Return one page of the datasets that match all filters, newest first, and the number of all that match.

    Args:
        search: Part of the name; like each filter, an empty text matches everything.
        type: human, synthetic or mixed.
        direction: Language direction.
        scene: meeting or written.
        status: draft, passed or blocked.
        offset: Number of datasets before the page.
        limit: Maximum number of datasets on the page.
    """
    query = DatasetQuery(
        search, type, direction, scene, status, directions_by_experiment() if direction else {}
    )
    items, total = dataset_listing.datasets_page(query, offset=offset, limit=limit)
    return serialize_datasets(items), total


def dataset_ids_by_reference(references: Iterable[str]) -> dict[str, str]:
    """Return the API ids of datasets by reference (NAME@VERSION).

    A reference to the accepted rows of a draft leads to the draft's id, since lists show only the draft.
    """
    return listing_run_ids([reference for reference in references if reference])
