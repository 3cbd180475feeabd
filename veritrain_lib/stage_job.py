"""One stage notebook, executed and closed in the record with the truth about how it ended."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from veritrain_lib import project
from veritrain_lib.errors import Infrastructure, Refused, UserError, WaitingForPeople
from veritrain_lib.execution.jobs import Job, JobRunner, LocalRunner
from veritrain_lib.recorded.stage import load_result, prepare
from veritrain_lib.recorded.watching import MAILBOX, read_letter
from veritrain_lib.stages import NAMES
from veritrain_lib.tracking import runs

if TYPE_CHECKING:
    from veritrain_lib.execution.outcome import NotebookOutcome, Progress
    from veritrain_lib.stages.result import StageResult
    from veritrain_lib.task import Task

ENDINGS: Mapping[str, runs.Ending] = {
    "finished": "FINISHED",
    "failed": "FAILED",
    "timed_out": "FAILED",
    "died": "FAILED",
    "interrupted": "KILLED",
}
"""How a run is closed for each way in which its notebook can end."""


@dataclass(frozen=True)
class Done:
    """A stage that is done: its result, its run, and whether it was found in the record."""

    stage: str
    result: StageResult
    run_id: str
    stored: bool


class StageFailed(Infrastructure):
    """A stage notebook did not finish; the message says which cell, why, and which run holds the notebook."""


def notebook_of(stage: str) -> Path:
    """`notebooks/03_gate.ipynb` for `gate`."""
    return project.notebooks() / f"{NAMES.index(stage) + 1:02d}_{stage}.ipynb"


def find_done(task: Task, stage: str, parameters: Mapping[str, Any]) -> Done | None:
    """The stage's result if this very work was done before; None if it is still to do."""
    found = runs.finished(task, prepare(stage, {"task": str(task.path), **parameters}, inner=True).digest)
    return Done(stage, load_result(stage, found.info.run_id), found.info.run_id, True) if found else None


def run_stage(
    task: Task,
    stage: str,
    parameters: Mapping[str, Any],
    *,
    runner: JobRunner | None = None,
    cell_timeout_s: float | None = None,
    on_progress: Callable[[Progress], None] | None = None,
) -> Done:
    """Do a stage by its notebook, unless this very work was done before.

    Raises StageFailed when the notebook does not finish; what the record says then equals how it ended.
    """
    whole = {"task": str(task.path), **parameters}
    old = find_done(task, stage, parameters)
    if old is not None:
        return old
    desk = _desks() / f"{runs.owner().replace('/', BETWEEN)}{BETWEEN}{uuid.uuid4().hex}"
    desk.mkdir(parents=True)
    mailbox, executed = desk / "mailbox.json", desk / notebook_of(stage).name
    job = Job(
        stage,
        notebook_of(stage),
        executed,
        whole,
        {MAILBOX: str(mailbox), "VERITRAIN_HOME": str(project.root())},
        cell_timeout_s,
    )
    try:
        outcome = (runner or LocalRunner()).run(job, on_progress)
    except KeyboardInterrupt:
        _close(task, stage, parameters, mailbox, executed, "KILLED", "interrupted from outside")
        raise
    else:
        run_id, stored = _close(
            task, stage, parameters, mailbox, executed, ENDINGS[outcome.status], _reason(outcome)
        )
    finally:
        shutil.rmtree(desk, ignore_errors=True)
    if not outcome.ok:
        raise _kind_of(outcome)(
            f"{stage} {_reason(outcome)}. The executed notebook is an artifact of run {run_id} "
            f"(experiment {task.name!r})."
        )
    if not run_id:
        raise StageFailed(
            f"{notebook_of(stage).name} ended without doing its stage: it never called begin() and run()"
        )
    return Done(stage, load_result(stage, run_id), run_id, stored)


def attach_leftovers(task: Task) -> None:
    """Give the notebooks that a killed process left on its desk to their runs, and clear the desk away.

    Desks of living processes and of other machines are left alone, those of other tasks for when these are
    worked on again.
    """
    for desk in sorted(_desks().glob("*")):
        owner, _, _ = desk.name.rpartition(BETWEEN)
        if owner and runs.alive(owner.replace(BETWEEN, "/")) is not False:
            continue
        executed = next(desk.glob("*.ipynb"), None)
        run_id, stored = read_letter(desk / "mailbox.json")
        if run_id and not stored:
            run = runs.get(run_id)
            if run.info.experiment_id != _experiment(task):
                continue
            if executed is not None:
                runs.log_file(run_id, executed, "notebook")
            if run.info.status == "RUNNING":
                runs.end_run(
                    run_id, "KILLED", "the process that ran this notebook died; closed at the next start"
                )
        shutil.rmtree(desk, ignore_errors=True)


def _experiment(task: Task) -> str:
    from veritrain_lib.tracking import store

    return str(store.experiment(task).experiment_id)


BETWEEN = "~"
"""Stands between the parts of a desk's name: who works at it (`runs.owner`), and a number of its own."""


def _desks() -> Path:
    return project.root() / "mlruns" / ".running"


def _kind_of(outcome: NotebookOutcome) -> type[UserError]:
    """A refusal or a user's mistake inside the notebook keeps its kind, and so its exit code."""
    name = (outcome.error or "").partition(":")[0]
    return {"Refused": Refused, "UserError": UserError, "WaitingForPeople": WaitingForPeople}.get(
        name, StageFailed
    )


def _reason(outcome: NotebookOutcome) -> str:
    if outcome.ok:
        return ""
    where = f" in cell {outcome.failed_cell}" if outcome.failed_cell is not None else ""
    return f"{outcome.status.replace('_', ' ')}{where}: {outcome.error}"


def _close(
    task: Task,
    stage: str,
    parameters: Mapping[str, Any],
    mailbox: Path,
    executed: Path,
    status: runs.Ending,
    reason: str,
) -> tuple[str, bool]:
    from veritrain_lib.execution.html import export_html

    run_id, stored = read_letter(mailbox)
    if stored and status == "FINISHED":
        return run_id, True
    if not run_id or stored:
        # It ended badly before its stage had a run of its own: the failure belongs in the record too.
        run_id = runs.open_run(
            task,
            stage,
            kind="stage",
            parent=parameters.get("round_run") or None,
            tags={"veritrain.stage": stage},
        )
        if status == "FINISHED":
            status, reason = "FAILED", "the notebook never called begin() and run()"
    if executed.exists():
        runs.log_file(run_id, executed, "notebook")
        runs.log_file(run_id, export_html(executed, executed.with_suffix(".html")), "notebook")
    runs.end_run(run_id, status, reason)
    return ("", False) if status == "FAILED" and "never called" in reason else (run_id, False)
