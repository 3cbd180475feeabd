"""Runs: opened, filled and closed with the truth about how they ended."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from veritrain_lib import __version__
from veritrain_lib.core import digest, liveness
from veritrain_lib.redaction import redact
from veritrain_lib.tracking import disk_reserve, store
from veritrain_lib.tracking.artifacts import (
    artifact_names,
    fetch,
    log_file,
    log_folder,
    log_table,
    log_tables,
    seal,
)
from veritrain_lib.tracking.entities import Run
from veritrain_lib.tracking.lookup import all_finished, children, finished, get, missing, search

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task

Ending = Literal["FINISHED", "FAILED", "KILLED"]

OWNER = "veritrain.owner"

JOB = "veritrain.job"
"""Tag: the id of the detached process that was started for a run, from before it takes the run up."""

STOP = "veritrain.stop"
"""Tag: when somebody asked that the run be stopped."""

REASON = "veritrain.reason"
"""Tag: one line on why a run did not finish."""

NOTE = "mlflow.note.content"
"""The tag that the MLflow UI shows as a run's note."""


def owner() -> str:
    """Who works on a run: this process, as `living` names it."""
    return liveness.name()


def owner_of(process: int) -> str:
    """As `owner`, of another process of this machine. Raises ProcessLookupError."""
    return liveness.name_of(process)


def alive(who: str) -> bool | None:
    """Whether an owner (as `owner` writes it) still lives; None when that can't be told from here."""
    return liveness.alive(who)


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
    whole = {key: redact(value) for key, value in whole.items()}
    if parent:
        whole["mlflow.parentRunId"] = parent
    run = store.client().create_run(store.experiment(task).experiment_id, tags=whole, run_name=name)
    return str(run.info.run_id)


def schedule(
    task: Task, name: str, *, kind: str, tags: Mapping[str, str], parameters: Mapping[str, Any]
) -> str:
    """Open a run that nobody works on yet (SCHEDULED), with what was asked. Gives its id."""
    run_id = open_run(task, name, kind=kind, tags=tags)
    log(run_id, parameters=parameters)
    store.client().update_run(run_id, status="SCHEDULED")
    return run_id


def delete(run_id: str) -> None:
    """Take a run out of the record, as MLflow does: it can be restored there until it is removed for good."""
    store.client().delete_run(run_id)


def take_up(run_id: str) -> None:
    """Go on with a run that was closed or left: it is RUNNING again and ours."""
    talk = store.client()
    talk.set_tag(run_id, OWNER, owner())
    talk.update_run(run_id, status="RUNNING")
    _forget_reason(run_id)


def end_run(run_id: str, status: Ending, reason: str = "") -> None:
    """Close a run, on a full disk too. `reason` is one line for people on why it did not finish."""
    try:
        _close(run_id, status, reason)
    except Exception as error:
        if not disk_reserve.give_up(error):
            raise
        _close(run_id, status, reason)


def _close(run_id: str, status: Ending, reason: str) -> None:
    talk = store.client()
    if reason:
        talk.set_tag(run_id, REASON, redact(reason)[:4000])
    elif status == "FINISHED":
        _forget_reason(run_id)
    talk.set_terminated(run_id, status)


def supersede(run: Run, gone: str, by: str) -> None:
    """Say of a run that what it stored is gone, and which run made it again: it counts as finished work no more."""
    talk = store.client()
    talk.set_tag(run.info.run_id, REASON, f"{gone} is gone; run {by} made it again"[:4000])
    talk.update_run(run.info.run_id, status="FAILED")


def _forget_reason(run_id: str) -> None:
    """What an earlier attempt ended of is no longer true of a run that goes on, or has finished."""
    if get(run_id).data.tags.get(REASON):
        store.client().delete_tag(run_id, REASON)


def close_abandoned(task: Task) -> list[str]:
    """Close every run that says RUNNING though the process that owned it is gone. Gives their ids.

    A run of another machine is left alone: from here nobody can tell.
    """
    return [
        run.info.run_id for run in search(task, "attributes.status = 'RUNNING'") if close_if_abandoned(run)
    ]


def close_if_abandoned(run: Run) -> bool:
    """Close a run that is being worked on, or whose job was started, when its owner is gone. Whether it was.

    Whoever follows its events hears of it.
    """
    tags = run.data.tags
    open_ = run.info.status == "RUNNING" or (run.info.status == "SCHEDULED" and JOB in tags)
    who = tags.get(OWNER)
    if not open_ or not who or alive(who) is not False:
        return False
    reason = "the process that owned this run died; closed at the next start"
    end_run(run.info.run_id, "KILLED", "stopped" if STOP in tags else reason)
    if tags.get("veritrain.kind") not in ("stage", "loop"):
        from veritrain_lib.tracking import run_events

        run_events.say_ended(run.info.run_id, "KILLED", "stopped" if STOP in tags else reason)
    return True


def tag(run_id: str, tags: Mapping[str, str]) -> None:
    """Set tags of a run."""
    log(run_id, tags=tags)


def untag(run_id: str, name: str) -> None:
    """Take a tag off a run, if it has it."""
    if name in get(run_id).data.tags:
        store.client().delete_tag(run_id, name)


def note(run_id: str, text: str) -> None:
    """The run's note, shown as Markdown on its page in the MLflow UI."""
    tag(run_id, {NOTE: text})


def log(
    run_id: str,
    *,
    parameters: Mapping[str, Any] | None = None,
    metrics: Mapping[str, float] | None = None,
    tags: Mapping[str, str] | None = None,
    step: int = 0,
    model_id: str | None = None,
    dataset: tuple[str, str] | None = None,
) -> None:
    """Log parameters, metrics and tags in one call; `dataset` is (name, digest) of what was measured on."""
    import time

    from mlflow.entities import Metric, Param, RunTag

    now = int(time.time() * 1000)
    name, content = dataset or (None, None)
    points = [
        Metric(key, float(value), now, step, model_id=model_id, dataset_name=name, dataset_digest=content)
        for key, value in (metrics or {}).items()
    ]
    given = [Param(key, redact(str(value))[:6000]) for key, value in (parameters or {}).items()]
    words = [RunTag(key, redact(str(value))[:8000]) for key, value in (tags or {}).items()]
    store.client().log_batch(run_id, metrics=points, params=given, tags=words)


__all__ = [
    "JOB",
    "NOTE",
    "OWNER",
    "STOP",
    "Ending",
    "Run",
    "alive",
    "all_finished",
    "artifact_names",
    "children",
    "close_abandoned",
    "close_if_abandoned",
    "delete",
    "end_run",
    "fetch",
    "finished",
    "get",
    "log",
    "log_file",
    "log_folder",
    "log_table",
    "log_tables",
    "missing",
    "note",
    "open_run",
    "owner",
    "owner_of",
    "schedule",
    "seal",
    "search",
    "supersede",
    "tag",
    "take_up",
    "untag",
]
