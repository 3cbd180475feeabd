"""Datasets in MLflow: immutable versions `NAME@VERSION`, each stored with the run that made it.

The rows are read at their first use; each is stored once, see `stored_rows`. The run's tags hold name, version, parent,
status and digest. A version counts only once its run is FINISHED, so a killed stage leaves no dataset behind.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from veritrain_lib.core import digest
from veritrain_lib.core.errors import UserError
from veritrain_lib.core.records import Dataset, DatasetStatus
from veritrain_lib.tracking import lookup, missing_artifacts, runs, store, stored_rows
from veritrain_lib.tracking.dataset_facts import facts
from veritrain_lib.tracking.missing_files import missing_files
from veritrain_lib.tracking.part_runs import FOLDER
from veritrain_lib.tracking.state import claims

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.task import Task
    from veritrain_lib.tracking.entities import Run

PREFIX = "veritrain.dataset."


def save(
    task: Task,
    run_id: str,
    rows: pd.DataFrame,
    *,
    status: DatasetStatus,
    parent: str | None,
    sources: Sequence[Dataset] = (),
) -> Dataset:
    """Store rows as the next version of the task's dataset in MLflow and return the new dataset.

    The version number is the next free one. But if an earlier dataset with the same content, status and parent has lost
    its run or files, the new one replaces it under its number.

    Args:
        task: The task that the dataset belongs to.
        run_id: The run that made the dataset.
        rows: The rows, with the reserved columns and the task's columns.
        status: draft (not judged yet), passed or blocked by the quality gate.
        parent: Reference (`NAME@VERSION`) of the dataset that it was made from, or None.
        sources: The datasets whose rows went into it. A row that one of them holds is not stored again.
    """
    content = digest.of_rows(rows)
    stored = stored_rows.write(run_id, rows, sources)
    tags: dict[str, str] = {
        **stored,
        f"{PREFIX}name": task.name,
        f"{PREFIX}status": status,
        f"{PREFIX}digest": content,
        f"{PREFIX}parent": parent or "",
        f"{PREFIX}rows": str(len(rows)),
        **{f"{PREFIX}{name}": value for name, value in facts(task, rows).items()},
    }
    with _version_claim(task):
        version = _missing_version(task, tags) or _next_version(task)
        runs.tag(run_id, {**tags, f"{PREFIX}version": str(version)})
    dataset = Dataset(task.name, version, status, content, rows, parent, run_id)
    log_input(run_id, dataset, "made")
    return dataset


def _next_version(task: Task) -> int:
    """Return the highest dataset version of a task's finished and running runs plus 1; 1 for the first dataset."""
    taken = [
        int(run.data.tags[f"{PREFIX}version"])
        for run in runs.search(task, f"tags.`{PREFIX}name` = '{task.name}'")
        if run.info.status in ("FINISHED", "RUNNING") and f"{PREFIX}version" in run.data.tags
    ]
    return max(taken, default=0) + 1


def _missing_version(task: Task, tags: Mapping[str, str]) -> int | None:
    """Return the version number of a lost dataset that equals the new one, or None without one.

    Lost means that its run is deleted or its files are missing. Equal means the same content, status and parent. The
    number is used again because models and other datasets may refer to it.
    """
    compared = [f"{PREFIX}{name}" for name in ("digest", "status", "parent")]
    filter_string = f"tags.`{PREFIX}name` = '{task.name}'"
    candidates = runs.search(task, filter_string)
    present = [run for run in candidates if run.info.status in ("FINISHED", "RUNNING")]
    finished = [run for run in present if run.info.status == "FINISHED"]
    for run in [*finished, *lookup.deleted(task, filter_string)]:
        tags_of_run = run.data.tags
        number = tags_of_run.get(f"{PREFIX}version", "")
        if not number or any(tags_of_run.get(name, "") != tags[name] for name in compared):
            continue
        holders = [other for other in present if other.data.tags.get(f"{PREFIX}version") == number]
        if all(other.info.status == "FINISHED" and runs.missing(other) for other in holders):
            return int(number)
    return None


def _version_claim(task: Task) -> claims.Claim:
    """Lock the choice of a task's next dataset version against other processes.

    Without that, an upload, a gate and a loop that end at the same moment could choose the same number.
    """
    return claims.claim_update(f"versions of {task.name}", f"number a dataset of task {task.name}")


def log_input(run_id: str, dataset: Dataset, context: str) -> None:
    """Record in MLflow that a run uses or made a dataset, as an MLflow dataset input.

    Args:
        run_id: The run.
        dataset: The dataset.
        context: Role of the dataset in the run, such as `made`, `training` or `judged`.
    """
    from mlflow.entities import Dataset as Entity
    from mlflow.entities import DatasetInput, InputTag

    source = json.dumps({"reference": dataset.reference, "run": dataset.made_by})
    profile = json.dumps({"num_rows": len(dataset.rows), "digest": dataset.digest})
    schema = json.dumps(
        {
            "mlflow_colspec": [
                {"type": "string", "name": str(name), "required": True} for name in dataset.rows.columns
            ]
        },
        ensure_ascii=False,
    )
    entity = Entity(
        dataset.reference, dataset.digest[:12], "veritrain", source, schema=schema, profile=profile
    )
    store.client().log_inputs(
        run_id, datasets=[DatasetInput(entity, [InputTag("mlflow.data.context", context)])]
    )


def load(task: Task, reference: str) -> Dataset:
    """Return the dataset `NAME@VERSION` from MLflow; its rows are read and checked when they are first used.

    Raises:
        UserError: The reference is malformed, or there is no such version (the message lists the existing ones).
        MissingArtifact: The file of the rows is missing, or was changed since it was stored.
    """
    name, separator, version = reference.rpartition("@")
    if not separator or not version.isdigit():
        raise UserError(
            f"{reference!r} is not a dataset reference; write NAME@VERSION, for example {task.name}@1"
        )
    for run in _finished_runs(task, version):
        if run.data.tags[f"{PREFIX}name"] == name:
            return _from_run(run)
    references = ", ".join(entry.reference for entry in listing(task)) or "none yet"
    raise UserError(f"there is no dataset {reference}; there are: {references}")


def is_intact(task: Task, reference: str) -> bool:
    """Return whether a dataset exists in MLflow and its rows still have the digest with which they were stored."""
    try:
        load(task, reference).rows  # noqa: B018 - reading them checks their digest
    except UserError:
        return False
    return True


def latest(task: Task, *statuses: DatasetStatus) -> Dataset | None:
    """Return the task's dataset with the highest version; None if there is none.

    Args:
        task: The task.
        statuses: Statuses that count: draft (not judged yet), passed or blocked by the quality gate; none means any.
    """
    newest_first = sorted(
        _finished_runs(task), key=lambda run: int(run.data.tags[f"{PREFIX}version"]), reverse=True
    )
    for run in newest_first:
        if not statuses or run.data.tags[f"{PREFIX}status"] in statuses:
            return _from_run(run)
    return None


def of_run(run_id: str) -> Dataset | None:
    """Return the dataset that a run made; None if it made none."""
    run = runs.get(run_id)
    return _from_run(run) if f"{PREFIX}version" in run.data.tags else None


def listing(task: Task) -> list[Dataset]:
    """Return every dataset of a task, lowest version first; their `rows` are empty tables, so that no file is read."""
    import pandas as pd

    datasets = [_from_run(run, pd.DataFrame()) for run in _finished_runs(task)]
    return sorted(datasets, key=lambda entry: entry.version)


def _finished_runs(task: Task, version: str = "") -> list[Run]:
    filter_string = f"tags.`{PREFIX}name` = '{task.name}' AND attributes.status = 'FINISHED'"
    return runs.search(
        task, filter_string + (f" AND tags.`{PREFIX}version` = '{version}'" if version else "")
    )


def _from_run(run: Run, rows: pd.DataFrame | None = None) -> Dataset:
    tags = run.data.tags
    content = tags[f"{PREFIX}digest"]
    if rows is None:
        _refuse_lost(run)
    status: Any = tags[f"{PREFIX}status"]
    return Dataset(
        tags[f"{PREFIX}name"],
        int(tags[f"{PREFIX}version"]),
        status,
        content,
        partial(_checked_rows, run, content) if rows is None else rows,
        tags[f"{PREFIX}parent"] or None,
        run.info.run_id,
    )


def _refuse_lost(run: Run) -> None:
    """Raise an error if a file with rows of a run's dataset is missing, in this run or in another one.

    Raises:
        MissingArtifact: A file is missing or was changed.
    """
    for file in missing_files(run):
        if file.name.startswith(f"{FOLDER}/"):
            raise _missing_rows(run, stored_rows.LostRows(file.name, file.run_id))


def _checked_rows(run: Run, content: str) -> pd.DataFrame:
    try:
        return stored_rows.read(run, content)
    except stored_rows.LostRows as lost:
        raise _missing_rows(run, lost) from lost


def _missing_rows(run: Run, lost: stored_rows.LostRows) -> missing_artifacts.MissingArtifact:
    tags = run.data.tags
    reference = f"{tags[f'{PREFIX}name']}@{tags[f'{PREFIX}version']}"
    try:
        holder = lookup.get(lost.run_id)
    except lookup.NoSuchRun:
        holder = None
    return missing_artifacts.missing_dataset(run, reference, lost.name, lost.run_id, holder)
