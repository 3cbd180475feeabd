"""Drafts that clients bring: a file's rows, an empty one, a next version of another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from veritrain_lib.server.api.problems import WrongField
from veritrain_lib.server.serializers.dataset import find
from veritrain_lib.server.serializers.task import known_tasks, task_named, task_of
from veritrain_lib.server.upload.filing import Filing, file_draft, no_rows
from veritrain_lib.tracking import dataset_facts, datasets, runs
from veritrain_lib.tracking.dataset_listing import TITLE
from veritrain_lib.tracking.datasets import PREFIX

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task
    from veritrain_lib.server.api.dataset_schemas import DatasetChange, DatasetGiven, VersionGiven
    from veritrain_lib.server.serializers.dataset import Dataset
    from veritrain_lib.server.upload.receiving import Received
    from veritrain_lib.tracking.dataset_listing import DatasetItem


def uploaded(body: Received, by: str) -> tuple[str, int, list[str]]:
    """Store a file's rows. Gives the run's id, how many there are, and what is worth saying of how they were read.
    Raises as reading, matching and checking do."""
    from veritrain_lib.server.upload.checking import rows_of
    from veritrain_lib.server.upload.matching import task_for
    from veritrain_lib.server.upload.reading import read_upload

    form = body.form
    table = read_upload(body.name, body.content)
    task = task_for(table, form.task or "")
    rows = rows_of(task, table, form.type or "")
    filing = Filing(
        form.name or table.title, by, form.type or "", form.language_direction or "", form.scene or "",
        description=form.description,
    )  # fmt: skip
    return file_draft(task, rows, filing), len(rows), table.notes


def begun(asked: DatasetGiven, by: str) -> str:
    """Store a draft without rows. Gives the run's id.

    Raises NotFound for an unknown parent, WrongField when neither task nor direction says which task it is for.
    """
    task = _task(asked)
    filing = Filing(
        asked.name, by, asked.type, asked.language_direction, asked.scene, asked.version,
        asked.parent_id or "", description=asked.description,
    )  # fmt: skip
    return file_draft(task, no_rows(task), filing)


def _task(asked: DatasetGiven) -> Task:
    if asked.parent_id:
        return task_of(find(asked.parent_id).run)
    if asked.task:
        return task_named(asked.task)
    tasks = known_tasks()
    for task in tasks:
        if asked.language_direction in (dataset_facts.direction(task), task.name):
            return task
    there = ", ".join(f"{dataset_facts.direction(task)} ({task.name})" for task in tasks)
    raise WrongField(
        "body.language_direction",
        f"no task goes {asked.language_direction!r}; there are: {there}. Or name a task",
    )


def next_draft(item: DatasetItem, shown: Dataset, asked: VersionGiven, by: str) -> tuple[str, int]:
    """Store the next version of a dataset. Gives the run's id and how many rows it has. Raises as `modified` does."""
    from veritrain_lib.server.upload.versions import modified

    task = task_of(item.run)
    before = datasets.of_run(item.run.info.run_id)
    assert before is not None
    rows = modified(task, before.rows, item.reference, asked.modifications)
    # What a draft comes on top of stays the same: the gate trusts those rows, and not the version before.
    trusted = (before.parent or "") if before.status == "draft" else ""
    filing = Filing(
        shown.name, by, direction=shown.language_direction, scene=shown.scene, edition=shown.version + 1,
        parent_id=shown.id, trusted=trusted, description=asked.description,
    )  # fmt: skip
    return file_draft(task, rows, filing), len(rows)


def describe(dataset_id: str, said: DatasetChange) -> None:
    """Write what is said of a dataset, and nothing of what is not."""
    tags = {
        TITLE: said.name, f"{PREFIX}type": said.type, f"{PREFIX}direction": said.language_direction,
        f"{PREFIX}scene": said.scene, runs.NOTE: said.description,
    }  # fmt: skip
    given = {name: value for name, value in tags.items() if value is not None}
    if given:
        runs.tag(dataset_id, given)
