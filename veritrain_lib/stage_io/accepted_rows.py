"""Which rows training on a dataset means: those that the gate let through."""

from __future__ import annotations

from typing import TYPE_CHECKING

from veritrain_lib.core.errors import Refused, UserError
from veritrain_lib.tracking import datasets, runs

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task


def accepted(task: Task, run: runs.Run) -> str:
    """`NAME@VERSION` to train on, for the run that made a dataset: what its newest verdict let through of a draft,
    itself when it has passed.

    Raises UserError when the run made no dataset of the task, Refused when it is blocked or no gate has judged it.
    """
    made = _reference(run)
    if made is None or run.data.tags[f"{datasets.PREFIX}name"] != task.name or run.info.status != "FINISHED":
        raise UserError(f"run {run.info.run_id} made no dataset of task {task.name}")
    if run.data.tags[f"{datasets.PREFIX}status"] != "draft":
        return _passed(run, made)
    where = (
        f"tags.`{datasets.PREFIX}parent` = '{made}' AND tags.`veritrain.stage` = 'gate' "
        "AND attributes.status = 'FINISHED'"
    )
    judged = runs.search(task, where, limit=1)
    if not judged:
        raise Refused(f"dataset {made} is a draft that no gate has judged; run the gate first")
    return _passed(judged[0], made)


def _passed(run: runs.Run, asked: str) -> str:
    if run.data.tags[f"{datasets.PREFIX}status"] != "passed":
        raise Refused(
            f"dataset {asked} is blocked by the gate; mend the data or the suite and judge it again"
        )
    return _reference(run) or ""


def _reference(run: runs.Run) -> str | None:
    tags = run.data.tags
    if f"{datasets.PREFIX}version" not in tags:
        return None
    return f"{tags[f'{datasets.PREFIX}name']}@{tags[f'{datasets.PREFIX}version']}"
