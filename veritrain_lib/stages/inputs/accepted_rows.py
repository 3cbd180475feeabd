"""The dataset to train on: the rows of a draft that the gate accepted.

Open this to see how the API turns the run that made a dataset into `NAME@VERSION` for training.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from veritrain_lib.core.errors import Refused, UserError
from veritrain_lib.tracking import datasets, runs

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task


def accepted_dataset(task: Task, run: runs.Run) -> str:
    """Return the dataset to train on for a run that made a dataset.

    Args:
        task: The task.
        run: A run that made a dataset of the task.

    Returns:
        `NAME@VERSION`: of a draft the rows that its newest gate accepted, of a dataset that passed itself.

    Raises:
        UserError: when the run made no dataset of the task.
        Refused: when the dataset is blocked, or is a draft that no gate has judged.
    """
    reference = _reference(run)
    if (
        reference is None
        or run.data.tags[f"{datasets.PREFIX}name"] != task.name
        or run.info.status != "FINISHED"
    ):
        raise UserError(f"run {run.info.run_id} made no dataset of task {task.name}")
    if run.data.tags[f"{datasets.PREFIX}status"] != "draft":
        return _passed(run, reference)
    where = (
        f"tags.`{datasets.PREFIX}parent` = '{reference}' AND tags.`veritrain.stage` = 'gate' "
        "AND attributes.status = 'FINISHED'"
    )
    judged = runs.search(task, where, limit=1)
    if not judged:
        raise Refused(f"dataset {reference} is a draft that no gate has judged; run the gate first")
    return _passed(judged[0], reference)


def _passed(run: runs.Run, reference: str) -> str:
    if run.data.tags[f"{datasets.PREFIX}status"] != "passed":
        raise Refused(
            f"dataset {reference} is blocked by the gate; correct the data or the suite and judge it again"
        )
    return _reference(run) or ""


def _reference(run: runs.Run) -> str | None:
    tags = run.data.tags
    if f"{datasets.PREFIX}version" not in tags:
        return None
    return f"{tags[f'{datasets.PREFIX}name']}@{tags[f'{datasets.PREFIX}version']}"
