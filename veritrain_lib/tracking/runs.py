"""Runs: opened, filled and closed with the truth about how they ended."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from veritrain_lib import __version__, digest
from veritrain_lib.tracking import store

if TYPE_CHECKING:
    from mlflow.entities import Run as Run

    from veritrain_lib.task import Task

Ending = Literal["FINISHED", "FAILED", "KILLED"]

OWNER = "veritrain.owner"


def owner() -> str:
    """Who works on a run: host, process, and when that process started (a reused number is no alibi)."""
    return _owner_of(os.getpid())


def _owner_of(process: int) -> str:
    import psutil

    return f"{socket.gethostname()}/{process}/{psutil.Process(process).create_time():.0f}"


def alive(who: str) -> bool | None:
    """Whether an owner (as `owner` writes it) still lives; None when it is on another machine."""
    import psutil

    host, process, _ = who.rsplit("/", 2)
    if host != socket.gethostname():
        return None
    try:
        return _owner_of(int(process)) == who
    except psutil.NoSuchProcess:
        return False


def open_run(
    task: Task, name: str, *, kind: str, parent: str | None = None, tags: Mapping[str, str] | None = None
) -> str:
    """Open a run in the task's experiment and say whose it is. Gives its id."""
    whole = {
        "veritrain.kind": kind,
        "veritrain.task": task.name,
        "veritrain.code": digest.of_code()[:12],
        "veritrain.version": __version__,
        OWNER: owner(),
        "mlflow.runName": name,
        "mlflow.source.name": "veritrain",
        "mlflow.user": os.environ.get("USER", "unknown"),
        **(tags or {}),
    }
    if parent:
        whole["mlflow.parentRunId"] = parent
    run = store.client().create_run(store.experiment(task).experiment_id, tags=whole, run_name=name)
    return str(run.info.run_id)


def take_up(run_id: str) -> None:
    """Go on with a run that was closed or left: it is RUNNING again and ours."""
    talk = store.client()
    talk.set_tag(run_id, OWNER, owner())
    talk.update_run(run_id, status="RUNNING")


def end_run(run_id: str, status: Ending, reason: str = "") -> None:
    """Close a run. `reason` is one line for people on why it did not finish."""
    talk = store.client()
    if reason:
        talk.set_tag(run_id, "veritrain.reason", reason[:4000])
    talk.set_terminated(run_id, status)


def close_abandoned(task: Task) -> list[str]:
    """Close every run that says RUNNING though the process that owned it is gone. Gives their ids.

    A run of another machine is left alone: from here nobody can tell.
    """
    closed = []
    for run in search(task, "attributes.status = 'RUNNING'"):
        who = run.data.tags.get(OWNER)
        if who and alive(who) is False:
            end_run(
                run.info.run_id, "KILLED", "the process that owned this run died; closed at the next start"
            )
            closed.append(run.info.run_id)
    return closed


def search(task: Task, where: str = "", *, limit: int = 50_000, newest_first: bool = True) -> list[Run]:
    """Runs of the task's experiment that fit an MLflow filter, newest first."""
    talk = store.client()
    found: list[Run] = []
    token: str | None = None
    order = [f"attributes.start_time {'DESC' if newest_first else 'ASC'}"]
    while True:
        page = talk.search_runs(
            [store.experiment(task).experiment_id],
            where,
            max_results=min(limit, 1000),
            order_by=order,
            page_token=token,
        )
        found.extend(page)
        token = page.token
        if not token or len(found) >= limit:
            return found[:limit]


def finished(task: Task, work: str) -> Run | None:
    """The run that did this work (a digest of inputs, parameters and code) and ended well, or None."""
    found = search(task, f"tags.`veritrain.digest` = '{work}' AND attributes.status = 'FINISHED'", limit=1)
    return found[0] if found else None


def get(run_id: str) -> Run:
    """One run by id."""
    return store.client().get_run(run_id)


def tag(run_id: str, tags: Mapping[str, str]) -> None:
    """Set tags of a run."""
    from mlflow.entities import RunTag

    store.client().log_batch(run_id, tags=[RunTag(key, str(value)[:8000]) for key, value in tags.items()])


def note(run_id: str, text: str) -> None:
    """The run's note, shown as Markdown on its page in the MLflow UI."""
    tag(run_id, {"mlflow.note.content": text})


def log(
    run_id: str,
    *,
    parameters: Mapping[str, Any] | None = None,
    metrics: Mapping[str, float] | None = None,
    step: int = 0,
    model_id: str | None = None,
    dataset: tuple[str, str] | None = None,
) -> None:
    """Log parameters and metrics in one call; `dataset` is (name, digest) of what was measured on."""
    import time

    from mlflow.entities import Metric, Param

    now = int(time.time() * 1000)
    name, content = dataset or (None, None)
    points = [
        Metric(key, float(value), now, step, model_id=model_id, dataset_name=name, dataset_digest=content)
        for key, value in (metrics or {}).items()
    ]
    given = [Param(key, str(value)[:6000]) for key, value in (parameters or {}).items()]
    store.client().log_batch(run_id, metrics=points, params=given)


def log_folder(run_id: str, folder: Path, place: str) -> None:
    """Store every file of a folder as artifacts under `place`."""
    store.client().log_artifacts(run_id, str(folder), place)


def log_file(run_id: str, file: Path, place: str | None = None) -> None:
    """Store one file as an artifact."""
    store.client().log_artifact(run_id, str(file), place)


def log_table(run_id: str, rows: Any, name: str) -> None:
    """Store a table (DataFrame) so that the MLflow UI shows it, also in its evaluation view."""
    # MLflow reads pandas' own text type by a path that pandas is about to remove, and knows no missing value.
    store.client().log_table(run_id, rows.astype(object).where(rows.notna(), None), name)


def fetch(run_id: str, place: str, into: Path) -> Path:
    """Bring an artifact folder or file of a run to `into`; gives the local path."""
    return Path(store.client().download_artifacts(run_id, place, str(into)))


def children(task: Task, parent: str) -> Sequence[Run]:
    """The runs under a run, oldest first."""
    return search(task, f"tags.`mlflow.parentRunId` = '{parent}'", newest_first=False)
