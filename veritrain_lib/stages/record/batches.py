"""Batches of training rows (the rows that one gate run accepted), and the removal of a batch from a dataset.

Open this to see how `veritrain drop-batch` makes a version of the dataset without a batch, how that is undone, and how
the loop's next round finds this version. No stored version is changed: each removal makes a new one, in an MLflow run.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from veritrain_lib.core import claims
from veritrain_lib.core.errors import Refused, UserError
from veritrain_lib.tracking import datasets, runs

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.records import Dataset
    from veritrain_lib.core.task import Task

REPLACES = "veritrain.dataset.replaces"
"""MLflow tag of a batch removal's run: reference of the dataset that the run's own dataset now replaces."""

BATCH = "veritrain.batch"
"""MLflow tag of a batch removal's run: the name of the batch that was removed or put back, such as `support@5`."""

RUN_KIND = "batch removal"
"""Value of the MLflow tag `veritrain.kind` of a run that removed a batch or put it back."""


@dataclass(frozen=True)
class Removal:
    """The removal of a batch of rows from a task's training data, or its return.

    Attributes:
        batch: The batch; its name is the reference of the dataset with which the gate added it, such as `support@5`.
        rows: The number of rows that were removed or put back.
        before: Reference of the dataset that was the newest before.
        after: Reference of the dataset that was made, which is the newest now.
        undone: Whether the rows were put back.
    """

    batch: str
    rows: int
    before: str
    after: str
    undone: bool


def lineage(task: Task, dataset: Dataset) -> list[Dataset]:
    """Return a dataset followed by its ancestors, the newest first; each one's parent is the next."""
    found = [dataset]
    while found[-1].parent:
        found.append(datasets.load(task, found[-1].parent))
    return found


def batches_of(ancestors: list[Dataset]) -> dict[str, frozenset[str]]:
    """Return the ids of the rows that each gate run added to a dataset.

    Args:
        ancestors: The dataset and its ancestors, the newest first, see `lineage`.

    Returns:
        Row ids by batch name, which is the reference of the dataset with which the batch was added (`support@5`); the
        oldest batch first. Batches that were removed later are included. The rows of the seed file are in no batch.
    """
    added: dict[str, frozenset[str]] = {}
    known: set[str] = set()
    parent: Dataset | None = None
    for dataset in reversed(ancestors):
        if dataset.status != "draft":
            ids = set(dataset.rows["id"])
            if parent is not None and parent.status == "draft" and known:
                added[dataset.reference] = frozenset(ids - known)
            known |= ids
        parent = dataset
    return {name: ids for name, ids in added.items() if ids}


def offered_ids(ancestors: list[Dataset]) -> set[str]:
    """Return the ids of all rows ever proposed for a dataset, including draft rows that the gate rejected.

    Args:
        ancestors: The dataset and its ancestors, see `lineage`.
    """
    return {row for dataset in ancestors for row in dataset.rows["id"]}


def current(task: Task, reference: str) -> str:
    """Return the reference of the dataset that replaces a given one today, after batches were removed or put back.

    It is the given reference itself when no batch was removed or put back.
    """
    seen = {reference}
    while True:
        where = f"tags.`{REPLACES}` = '{reference}' AND attributes.status = 'FINISHED'"
        replaced = runs.search(task, where, limit=1)
        dataset = datasets.of_run(replaced[0].info.run_id) if replaced else None
        if dataset is None or dataset.reference in seen:
            return reference
        reference = dataset.reference
        seen.add(reference)


def removal_digest(task: Task, dataset: Dataset) -> str:
    """Return a digest that distinguishes a dataset made by removing a batch from an earlier dataset with equal rows.

    The generate stage makes it part of its inputs: the removed rows must not be chosen again, so its earlier result for
    equal rows is not valid here.

    Returns:
        The digest of the dataset before the removal; an empty text for a dataset that no removal made.
    """
    run = runs.get(dataset.made_by) if dataset.made_by else None
    if run is None or REPLACES not in run.data.tags or not dataset.parent:
        return ""
    return datasets.load(task, dataset.parent).digest


def drop_batch(task: Task, batch: str, *, undo: bool = False) -> Removal:
    """Remove a batch of rows from a task's newest dataset, or put it back, by storing a new version of the dataset.

    Args:
        task: The task.
        batch: The batch's name in the report, such as `support@5`, or its number alone, such as `5`.
        undo: Whether to put back a batch that was removed before.

    Returns:
        What was removed or put back, and the references of the datasets before and after.

    Raises:
        UserError: when the task's newest dataset has no such batch, or the batch was removed (or put back) already.
        Refused: when a loop of the task is running.
    """
    with claims.claim_update(f"batches of {task.name}", f"take a batch out of task {task.name}"):
        _refuse_while_running(task)
        newest = datasets.latest(task, "passed")
        ancestors = lineage(task, newest) if newest else []
        batches = batches_of(ancestors)
        name = f"{task.name}@{batch}" if batch.isdigit() else batch
        if newest is None or name not in batches:
            known = ", ".join(batches) or "none yet; the loop's rounds add them"
            raise UserError(f"task {task.name} has no batch {batch!r}; batches: {known}")
        rows = _changed_rows(task, ancestors, name, batches[name], undo=undo)
        return _save(task, ancestors, rows, name, undo=undo)


def _refuse_while_running(task: Task) -> None:
    """Raise Refused while a loop of the task is running, because its current round would add the removed rows again."""
    runs.close_abandoned(task)
    where = "tags.`veritrain.kind` = 'loop' AND attributes.status = 'RUNNING'"
    if runs.search(task, where, limit=1):
        raise Refused(
            f"a loop of task {task.name} is running, and the round that it is in would bring the rows back; "
            "wait until it ends, or interrupt it, and run this command again"
        )


def _changed_rows(
    task: Task, ancestors: list[Dataset], name: str, ids: frozenset[str], *, undo: bool
) -> pd.DataFrame:
    """Return the rows of the newest dataset without a batch, or with the batch put back.

    Args:
        task: The task.
        ancestors: The newest dataset and its ancestors, the newest first.
        name: The name of the batch.
        ids: The ids of the batch's rows.
        undo: Whether to put the batch back.

    Raises:
        UserError: when the batch is not in the dataset, or is there already and is to be put back.
    """
    import pandas as pd

    newest = ancestors[0]
    present = newest.rows["id"].isin(ids)
    if undo:
        if present.any():
            raise UserError(f"batch {name} is part of {newest.reference}; there is nothing to put back")
        source = next(dataset for dataset in ancestors if dataset.reference == name)
        returned = source.rows[source.rows["id"].isin(ids)]
        return pd.concat([newest.rows, returned], ignore_index=True)
    if not present.any():
        raise UserError(
            f"batch {name} was taken out before; to put it back: veritrain drop-batch {name} {task.path} --undo"
        )
    return newest.rows[~present].reset_index(drop=True)


def _save(task: Task, ancestors: list[Dataset], rows: pd.DataFrame, name: str, *, undo: bool) -> Removal:
    """Store the changed rows as the next version of the dataset, in an MLflow run of its own, and return what was done.

    Args:
        task: The task.
        ancestors: The dataset that was the newest before, and its ancestors.
        rows: The rows of the new version.
        name: The name of the batch that was removed or put back.
        undo: Whether the batch was put back.
    """
    newest = ancestors[0]
    changed = abs(len(rows) - len(newest.rows))
    verb = "put back" if undo else "taken out"
    run_id = runs.open_run(
        task, f"batch {name} {verb}", kind=RUN_KIND, tags={BATCH: name, REPLACES: newest.reference}
    )
    try:
        datasets.log_input(run_id, newest, "before")
        made = datasets.save(task, run_id, rows, status="passed", parent=newest.reference, sources=ancestors)
        note = f"Batch {name} ({changed} rows) {verb}: {newest.reference} became {made.reference}."
        runs.tag(run_id, {"mlflow.note.content": note})
    except BaseException as error:
        runs.end_run(run_id, "FAILED", f"{type(error).__name__}: {error}".splitlines()[0])
        raise
    runs.end_run(run_id, "FINISHED")
    return Removal(name, changed, newest.reference, made.reference, undo)
