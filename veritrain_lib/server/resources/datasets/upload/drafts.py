"""Creation of draft datasets for clients: from an uploaded file, without rows, or as the next version of a dataset."""

from __future__ import annotations

from typing import TYPE_CHECKING

from veritrain_lib.server.http.problems import WrongField
from veritrain_lib.server.resources.datasets.record import find_dataset
from veritrain_lib.server.resources.datasets.upload.filing import DraftMetadata, empty_table, store_draft
from veritrain_lib.server.tasks import available_tasks, require_task, task_of_run
from veritrain_lib.tracking import dataset_facts, datasets, runs
from veritrain_lib.tracking.dataset_listing import TITLE_TAG
from veritrain_lib.tracking.datasets import PREFIX

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task
    from veritrain_lib.server.resources.datasets.requests import (
        DatasetCreateRequest,
        DatasetUpdateRequest,
        DatasetVersionRequest,
    )
    from veritrain_lib.server.resources.datasets.schemas import DatasetResponse
    from veritrain_lib.server.resources.datasets.upload.receiving import DatasetBody
    from veritrain_lib.tracking.dataset_listing import DatasetItem


def store_upload(body: DatasetBody, user_name: str) -> tuple[str, int, list[str]]:
    """Store the rows of an uploaded file as a draft: a dataset on which the quality gate has not run yet.

    Args:
        body: Uploaded file with its form fields.
        user_name: User who sent it.

    Returns:
        Id of the MLflow run, number of rows, and remarks on how the file was read.

    Raises:
        UserError: The file can't be read, fits no task, or has wrong rows.
    """
    from veritrain_lib.server.resources.datasets.upload.checking import examples_from_table
    from veritrain_lib.server.resources.datasets.upload.matching import match_task
    from veritrain_lib.server.resources.datasets.upload.reading import read_upload

    form = body.form
    table = read_upload(body.name, body.content)
    task = match_task(table, form.task or "")
    rows = examples_from_table(task, table, form.type or "")
    metadata = DraftMetadata(
        form.name or table.title, user_name, form.type or "", form.language_direction or "", form.scene or "",
        description=form.description,
    )  # fmt: skip
    return store_draft(task, rows, metadata), len(rows), table.notes


def create_empty_draft(request: DatasetCreateRequest, user_name: str) -> str:
    """Store a dataset without rows and return the id of its MLflow run.

    Raises:
        NotFound: The parent dataset does not exist.
        Conflict: The file of the parent dataset's task is missing or invalid.
        WrongField: There is no task of this name or of this language direction.
    """
    task = _task(request)
    metadata = DraftMetadata(
        request.name, user_name, request.type, request.language_direction, request.scene, request.version,
        request.parent_id or "", description=request.description,
    )  # fmt: skip
    return store_draft(task, empty_table(task), metadata)


def _task(request: DatasetCreateRequest) -> Task:
    """Return the task of a new dataset.

    It is the task of the parent dataset, else the named one, else the first with the language direction.
    """
    if request.parent_id:
        return task_of_run(find_dataset(request.parent_id).run)
    if request.task:
        return require_task(request.task)
    tasks = available_tasks()
    for task in tasks:
        if request.language_direction in (dataset_facts.direction(task), task.name):
            return task
    available = ", ".join(f"{dataset_facts.direction(task)} ({task.name})" for task in tasks)
    raise WrongField(
        "body.language_direction",
        f"no task has direction {request.language_direction!r}; there are: {available}. Or name a task",
    )


def store_next_version(
    item: DatasetItem, current: DatasetResponse, request: DatasetVersionRequest, user_name: str
) -> tuple[str, int]:
    """Store the next version of a dataset as a draft.

    Args:
        item: MLflow run of the present version.
        current: API response for the present version.
        request: Rows to leave out, change and add.
        user_name: User who sent the request.

    Returns:
        Id of the new version's MLflow run, and its number of rows.

    Raises:
        WrongFields: A modification is not valid (`apply_modifications`).
        Conflict: The task's file is missing or invalid.
    """
    from veritrain_lib.server.resources.datasets.upload.versions import apply_modifications

    task = task_of_run(item.run)
    previous = datasets.of_run(item.run.info.run_id)
    assert previous is not None
    rows = apply_modifications(task, previous.rows, item.reference, request.modifications)
    # The accepted rows that a draft is added to stay the same; the previous draft is not accepted by the gate.
    parent_reference = (previous.parent or "") if previous.status == "draft" else ""
    metadata = DraftMetadata(
        current.name, user_name, direction=current.language_direction, scene=current.scene, edition=current.version + 1,
        parent_id=current.id, parent_reference=parent_reference, description=request.description,
    )  # fmt: skip
    return store_draft(task, rows, metadata), len(rows)


def update_description(dataset_id: str, changes: DatasetUpdateRequest) -> None:
    """Store changed metadata of a dataset in the tags of its MLflow run; fields that are None stay as they are."""
    tags = {
        TITLE_TAG: changes.name, f"{PREFIX}type": changes.type, f"{PREFIX}direction": changes.language_direction,
        f"{PREFIX}scene": changes.scene, runs.NOTE_TAG: changes.description,
    }  # fmt: skip
    new_tags = {name: value for name, value in tags.items() if value is not None}
    if new_tags:
        runs.tag(dataset_id, new_tags)
