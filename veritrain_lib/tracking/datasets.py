"""Datasets in MLflow: immutable versions `name@version` with the run that made them.

The rows are an artifact of the run that made the dataset; the run's tags hold name, version, parent, status
and digest. A version counts once its run is FINISHED, so a killed stage leaves none behind.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from veritrain_lib.core import claims, digest
from veritrain_lib.core.errors import UserError
from veritrain_lib.core.records import Dataset, DatasetStatus
from veritrain_lib.tracking import lookup, missing_artifacts, runs, store
from veritrain_lib.tracking.dataset_facts import facts

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.task import Task
    from veritrain_lib.tracking.entities import Run

PREFIX = "veritrain.dataset."
ARTIFACT_PATH = "dataset"


def save(
    task: Task, run_id: str, rows: pd.DataFrame, *, status: DatasetStatus, parent: str | None
) -> Dataset:
    """Store rows as the next version of the task's dataset.

    Args:
        task: The task that the dataset belongs to.
        run_id: The run that made the dataset.
        rows: The rows, with the reserved columns and the task's columns.
        status: draft, passed or blocked.
        parent: Reference (`name@version`) of the dataset that it was made from, or None.
    """
    content = digest.of_rows(rows)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rows.jsonl"
        file.write_text(
            "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in rows.to_dict("records")),
            encoding="utf-8",
        )
        # A JSON Lines file without rows does not hold the columns.
        (Path(folder) / "columns.json").write_text(
            json.dumps([str(name) for name in rows.columns]), encoding="utf-8"
        )
        runs.log_folder(run_id, Path(folder), ARTIFACT_PATH)
    tags: dict[str, str] = {
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
    """Return one more than the highest version that is finished or taken by a running run."""
    taken = [
        int(run.data.tags[f"{PREFIX}version"])
        for run in runs.search(task, f"tags.`{PREFIX}name` = '{task.name}'")
        if run.info.status in ("FINISHED", "RUNNING") and f"{PREFIX}version" in run.data.tags
    ]
    return max(taken, default=0) + 1


def _missing_version(task: Task, tags: Mapping[str, str]) -> int | None:
    """Return the version of an equal dataset whose run or files are missing, or None.

    Equal means the same content, status and parent.

    Models and other datasets refer to it by that version.
    """
    compared = [f"{PREFIX}{name}" for name in ("digest", "status", "parent")]
    filter_string = f"tags.`{PREFIX}name` = '{task.name}'"
    candidates = runs.search(task, filter_string)
    lost = [run for run in candidates if run.info.status == "FINISHED" and lookup.missing(run)]
    taken = {
        run.data.tags.get(f"{PREFIX}version")
        for run in candidates
        if run.info.status in ("FINISHED", "RUNNING") and run not in lost
    }
    for run in [*lost, *lookup.deleted(task, filter_string)]:
        stored = run.data.tags
        number = stored.get(f"{PREFIX}version", "")
        if number and number not in taken and all(stored.get(name, "") == tags[name] for name in compared):
            return int(number)
    return None


def _version_claim(task: Task) -> claims.Claim:
    """Claim the choice of a version: uploads, gates and loops may end at the same moment."""
    return claims.claim_update(f"versions of {task.name}", f"number a dataset of task {task.name}")


def log_input(run_id: str, dataset: Dataset, context: str) -> None:
    """Record on a run that it uses a dataset (MLflow's dataset input).

    Args:
        run_id: The run.
        dataset: The dataset.
        context: Role of the dataset in the run: made, training, judged, ...
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
    """Return a dataset by `name@version`.

    Raises:
        UserError: The reference is malformed, or there is no such version (the message lists the existing ones).
        MissingArtifact: The rows are missing or were changed.
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
    """Return whether a dataset exists and its rows are as they were stored."""
    try:
        load(task, reference)
    except UserError:
        return False
    return True


def latest(task: Task, *statuses: DatasetStatus) -> Dataset | None:
    """Return the newest dataset of the task with one of the statuses (default: any), or None."""
    newest_first = sorted(
        _finished_runs(task), key=lambda run: int(run.data.tags[f"{PREFIX}version"]), reverse=True
    )
    for run in newest_first:
        if not statuses or run.data.tags[f"{PREFIX}status"] in statuses:
            return _from_run(run)
    return None


def of_run(run_id: str) -> Dataset | None:
    """Return the dataset that a run made, or None."""
    run = runs.get(run_id)
    return _from_run(run) if f"{PREFIX}version" in run.data.tags else None


def listing(task: Task) -> list[Dataset]:
    """Return every dataset of the task by version, without its rows (`rows` is an empty table)."""
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
        rows = _read_rows(run.info.run_id)
        if rows is None or digest.of_rows(rows) != content:
            reference = f"{tags[f'{PREFIX}name']}@{tags[f'{PREFIX}version']}"
            raise missing_artifacts.of_dataset(run, reference, f"{ARTIFACT_PATH}/rows.jsonl")
    status: Any = tags[f"{PREFIX}status"]
    return Dataset(
        tags[f"{PREFIX}name"],
        int(tags[f"{PREFIX}version"]),
        status,
        content,
        rows,
        tags[f"{PREFIX}parent"] or None,
        run.info.run_id,
    )


def _read_rows(run_id: str) -> pd.DataFrame | None:
    """Return the stored rows, or None when they can't be read."""
    import pandas as pd

    with tempfile.TemporaryDirectory() as folder:
        try:
            path = runs.fetch(run_id, ARTIFACT_PATH, Path(folder))
            columns = json.loads((path / "columns.json").read_text(encoding="utf-8"))
            # JSON allows line separators such as U+2028 inside a string: split at line feeds only.
            lines = (path / "rows.jsonl").read_text(encoding="utf-8").split("\n")
            return pd.DataFrame([json.loads(line) for line in lines if line], columns=columns)
        except (missing_artifacts.MissingArtifact, OSError, ValueError):
            return None
