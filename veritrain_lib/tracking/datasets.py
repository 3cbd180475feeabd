"""Datasets in the record: `name@version`, immutable, with the run that made them.

The rows are an artifact of the run that made the dataset; the run's tags carry name, version, parent, status
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
PLACE = "dataset"


def save(
    task: Task, run_id: str, rows: pd.DataFrame, *, status: DatasetStatus, parent: str | None
) -> Dataset:
    """Store rows as the next version of the task's dataset, made by a run."""
    content = digest.of_rows(rows)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rows.jsonl"
        file.write_text(
            "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in rows.to_dict("records")),
            encoding="utf-8",
        )
        # Without rows a JSON Lines file forgets the columns.
        (Path(folder) / "columns.json").write_text(
            json.dumps([str(name) for name in rows.columns]), encoding="utf-8"
        )
        runs.log_folder(run_id, Path(folder), PLACE)
    told: dict[str, str] = {
        f"{PREFIX}name": task.name,
        f"{PREFIX}status": status,
        f"{PREFIX}digest": content,
        f"{PREFIX}parent": parent or "",
        f"{PREFIX}rows": str(len(rows)),
        **{f"{PREFIX}{name}": value for name, value in facts(task, rows).items()},
    }
    with _numbering(task):
        version = _lost_version(task, told) or _next_version(task)
        runs.tag(run_id, {**told, f"{PREFIX}version": str(version)})
    made = Dataset(task.name, version, status, content, rows, parent, run_id)
    use(run_id, made, "made")
    return made


def _next_version(task: Task) -> int:
    """One more than any version that counts, or that a run under way has taken."""
    taken = [
        int(run.data.tags[f"{PREFIX}version"])
        for run in runs.search(task, f"tags.`{PREFIX}name` = '{task.name}'")
        if run.info.status in ("FINISHED", "RUNNING") and f"{PREFIX}version" in run.data.tags
    ]
    return max(taken, default=0) + 1


def _lost_version(task: Task, told: Mapping[str, str]) -> int | None:
    """The number of this very dataset (by content, status and parent) where its run or its files are gone.

    Models and other datasets know it by that number.
    """
    same = [f"{PREFIX}{name}" for name in ("digest", "status", "parent")]
    where = f"tags.`{PREFIX}name` = '{task.name}'"
    there = runs.search(task, where)
    lost = [run for run in there if run.info.status == "FINISHED" and lookup.missing(run)]
    held = {
        run.data.tags.get(f"{PREFIX}version")
        for run in there
        if run.info.status in ("FINISHED", "RUNNING") and run not in lost
    }
    for run in [*lost, *lookup.deleted(task, where)]:
        tags = run.data.tags
        number = tags.get(f"{PREFIX}version", "")
        if number and number not in held and all(tags.get(name, "") == told[name] for name in same):
            return int(number)
    return None


def _numbering(task: Task) -> claims.Claim:
    """Held while a version is chosen and written: uploads, gates and loops may end at the same moment."""
    return claims.briefly(f"versions of {task.name}", f"number a dataset of task {task.name}")


def use(run_id: str, dataset: Dataset, context: str) -> None:
    """Say on a run that it uses a dataset (MLflow's dataset input); `context`: made, training, judged, ..."""
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
    """A dataset by `name@version`.

    Raises UserError when the reference is malformed or there is no such version (with the ones there are), and Gone
    when its rows are.
    """
    name, at, version = reference.rpartition("@")
    if not at or not version.isdigit():
        raise UserError(f"{reference!r} is no dataset; write NAME@VERSION, for example {task.name}@1")
    for run in _made(task, version):
        if run.data.tags[f"{PREFIX}name"] == name:
            return _from_run(run)
    there = ", ".join(entry.reference for entry in listing(task)) or "none yet"
    raise UserError(f"there is no dataset {reference}; there are: {there}")


def is_whole(task: Task, reference: str) -> bool:
    """Whether a dataset is there, with its rows as they were stored."""
    try:
        load(task, reference)
    except UserError:
        return False
    return True


def latest(task: Task, *statuses: DatasetStatus) -> Dataset | None:
    """The newest dataset of the task with one of the statuses (any, when none is named)."""
    made = sorted(_made(task), key=lambda run: int(run.data.tags[f"{PREFIX}version"]), reverse=True)
    for run in made:
        if not statuses or run.data.tags[f"{PREFIX}status"] in statuses:
            return _from_run(run)
    return None


def of_run(run_id: str) -> Dataset | None:
    """The dataset that a run made, None if it made none."""
    run = runs.get(run_id)
    return _from_run(run) if f"{PREFIX}version" in run.data.tags else None


def listing(task: Task) -> list[Dataset]:
    """Every dataset of the task by version, without its rows (an empty table stands for them)."""
    import pandas as pd

    found = [_from_run(run, pd.DataFrame()) for run in _made(task)]
    return sorted(found, key=lambda entry: entry.version)


def _made(task: Task, version: str = "") -> list[Run]:
    where = f"tags.`{PREFIX}name` = '{task.name}' AND attributes.status = 'FINISHED'"
    return runs.search(task, where + (f" AND tags.`{PREFIX}version` = '{version}'" if version else ""))


def _from_run(run: Run, rows: pd.DataFrame | None = None) -> Dataset:
    tags = run.data.tags
    content = tags[f"{PREFIX}digest"]
    if rows is None:
        rows = _read(run.info.run_id)
        if rows is None or digest.of_rows(rows) != content:
            reference = f"{tags[f'{PREFIX}name']}@{tags[f'{PREFIX}version']}"
            raise missing_artifacts.of_dataset(run, reference, f"{PLACE}/rows.jsonl")
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


def _read(run_id: str) -> pd.DataFrame | None:
    """The rows as they are stored; None when they can't be read."""
    import pandas as pd

    with tempfile.TemporaryDirectory() as folder:
        try:
            place = runs.fetch(run_id, PLACE, Path(folder))
            columns = json.loads((place / "columns.json").read_text(encoding="utf-8"))
            # JSON allows line separators such as U+2028 inside a string: split at line feeds only.
            lines = (place / "rows.jsonl").read_text(encoding="utf-8").split("\n")
            return pd.DataFrame([json.loads(line) for line in lines if line], columns=columns)
        except (missing_artifacts.Gone, OSError, ValueError):
            return None
