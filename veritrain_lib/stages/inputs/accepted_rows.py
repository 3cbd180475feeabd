"""Look-up of the dataset that may be trained on, given the MLflow run that made a dataset.

For a run that made a draft (rows not judged yet), it is the dataset of the rows that the gate accepted. The API uses
this to turn a run into the reference `NAME@VERSION` of a dataset.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from veritrain_lib.core.errors import Refused, UserError
from veritrain_lib.tracking import datasets, runs

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task


def accepted_dataset(task: Task, run: runs.Run) -> str:
    """Return the reference of the dataset that may be trained on, given the MLflow run that made a dataset.

    Args:
        task: The task.
        run: The run that made a dataset of the task, either a draft or one that the gate has judged.

    Returns:
        `NAME@VERSION`. For a draft, it names the dataset of the rows that the newest gate run accepted; for a dataset
        that passed the gate, it names that dataset.

    Raises:
        UserError: when the run is not finished, or made no dataset of the task.
        Refused: when the gate blocked the dataset, or no gate has judged the draft.
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
