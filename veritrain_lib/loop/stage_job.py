"""One stage notebook, executed and closed in the record with the truth about how it ended."""

from __future__ import annotations

import shutil
import sys
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from veritrain_lib.core import claims, liveness, project, temporary_folders
from veritrain_lib.core.errors import Infrastructure, OutOfMoney, Refused, UserError, WaitingForPeople
from veritrain_lib.core.machine_fault import machine_fault
from veritrain_lib.execution.exit_reason import one_line
from veritrain_lib.execution.jobs import Job, JobRunner, LocalRunner
from veritrain_lib.loop.stage_pages import (
    FUNCTION,
    MISSING,
    PDF,
    UNMADE,
    mend_pages,
    mend_pages_of,
    store_pages,
)
from veritrain_lib.redaction import redact
from veritrain_lib.stage_io.evaluate import BINDING as EVALUATE
from veritrain_lib.stage_io.progress_reports import MAILBOX, filed_run, read_letter
from veritrain_lib.stage_io.stage import CLAIMED, claim_stage, find_finished, load_result, prepare
from veritrain_lib.stage_io.verdict_event import tell_verdict
from veritrain_lib.stages import NAMES
from veritrain_lib.tracking import runs
from veritrain_lib.tracking.lookup import NoSuchRun

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task
    from veritrain_lib.execution.outcome import NotebookOutcome, Progress
    from veritrain_lib.stages.result import StageResult

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
    return _finished(task, stage, _work_of(task, stage, parameters))


def find_or_claim(
    task: Task,
    wanted: Sequence[tuple[str, Mapping[str, Any]]],
    *,
    tell: Callable[[str, str], None] | None = None,
    cell_timeout_s: float | None = None,
) -> list[Done | StageWork]:
    """Each stage (name, parameters) as it was done before, or as work that is claimed for this process.

    What another process is doing is waited for, and then found; `tell` hears of which stage and for whom, or standard
    error does. All are claimed in an order that is everybody's, so that no two processes wait for each other. A claim
    ends when its work is closed.
    """
    found: dict[str, Done | StageWork] = {}
    works = {stage: _work_of(task, stage, given) for stage, given in wanted}
    try:
        for stage, given in sorted(wanted, key=lambda one: works[one[0]]):
            found[stage] = _find_or_claim(task, stage, given, works[stage], tell, cell_timeout_s)
    except BaseException:
        for one in found.values():
            if isinstance(one, StageWork):
                one.drop()
        raise
    return [found[stage] for stage, _ in wanted]


def _find_or_claim(
    task: Task,
    stage: str,
    parameters: Mapping[str, Any],
    work: str,
    tell: Callable[[str, str], None] | None,
    cell_timeout_s: float | None,
) -> Done | StageWork:
    def waits(said: str) -> None:
        assert tell is not None
        tell(stage, said)

    done = _finished(task, stage, work)
    if done is not None:
        return done
    claim = claim_stage(task, stage, work, tell=waits if tell else None)
    try:
        done = _finished(task, stage, work)
        if done is None:
            return StageWork(task, stage, parameters, cell_timeout_s, work=work, claim=claim)
        claim.release()
        return done
    except BaseException:
        claim.release()
        raise


def _work_of(task: Task, stage: str, parameters: Mapping[str, Any]) -> str:
    return prepare(stage, {"task": str(task.path), **parameters}, inner=True).digest


def _finished(task: Task, stage: str, work: str) -> Done | None:
    found = find_finished(task, stage, work)
    return Done(stage, load_result(stage, found.info.run_id), found.info.run_id, True) if found else None


def run_stage(
    task: Task,
    stage: str,
    parameters: Mapping[str, Any],
    *,
    runner: JobRunner | None = None,
    cell_timeout_s: float | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    on_wait: Callable[[str, str], None] | None = None,
) -> Done:
    """Do a stage by its notebook, unless this very work was done before.

    `on_wait` hears of a stage that another process is doing, and for whom is waited.

    Raises StageFailed when the notebook does not finish; what the record says then equals how it ended.
    """
    work = find_or_claim(task, [(stage, parameters)], tell=on_wait, cell_timeout_s=cell_timeout_s)[0]
    if isinstance(work, Done):
        mend_pages_of(work.run_id, task)
        return _applied(task, work, parameters)

    def moved(_: StageWork, progress: Progress) -> None:
        if on_progress is not None:
            on_progress(progress)

    runner = runner or LocalRunner()
    with finishing(runner):
        return run_together([work], runner=runner, on_progress=moved)[0]


def _applied(task: Task, done: Done, parameters: Mapping[str, Any]) -> Done:
    """What was done before, with what it decided in force again: an evaluation that was asked for by both its models."""
    if done.stage != "evaluate":
        return done
    refused = EVALUATE.apply(task, parameters, done.run_id)
    said = f"{done.result.headline} Not promoted: {refused}"
    return replace(done, result=done.result.model_copy(update={"headline": said})) if refused else done


@contextmanager
def finishing(runner: JobRunner) -> Iterator[None]:
    """What is to be done afterwards is done when the context is left.

    What fails of it ends nothing: the run that lacks a page says so (`stage_pages.MISSING`), and so does a line here.
    """
    try:
        yield
    finally:
        try:
            runner.finish()
        except Infrastructure as late:
            say(f"{late}; the next loop, stage or report of the task makes it again")


def say(line: str) -> None:
    """A line on standard error."""
    print(f"veritrain: {redact(line)}", file=sys.stderr)


class StageWork:
    """One stage notebook on a desk of its own, until it is closed in the record."""

    def __init__(
        self,
        task: Task,
        stage: str,
        parameters: Mapping[str, Any],
        cell_timeout_s: float | None = None,
        *,
        work: str = "",
        claim: claims.Claim | None = None,
    ) -> None:
        """`claim`, if the work (its digest) was claimed, is released when the work is closed."""
        self.task, self.stage, self.parameters = task, stage, parameters
        self.desk = _desks() / f"{runs.owner().replace('/', BETWEEN)}{BETWEEN}{uuid.uuid4().hex}"
        self.desk.mkdir(parents=True)
        self._mailbox, self._executed = self.desk / "mailbox.json", self.desk / notebook_of(stage).name
        self.job = Job(
            stage,
            notebook_of(stage),
            self._executed,
            {"task": str(task.path), **parameters},
            {MAILBOX: str(self._mailbox), CLAIMED: work, "VERITRAIN_HOME": str(project.root())},
            cell_timeout_s,
        )
        self.done: Done | None = None
        self.failure: UserError | None = None
        self._claim = claim
        self._closed = False
        self._run_id = ""
        self._pdf_asked = False

    def went_on(self, runner: JobRunner) -> None:
        """The next cell begins: a report whose result is filed is set as PDF meanwhile, by the runner."""
        run_id = filed_run(self._mailbox) if self.stage == "report" and not self._pdf_asked else ""
        if run_id:
            self._pdf_asked = True
            try:
                runner.afterwards(PDF, run_id, str(self.task.path))
            except Exception:  # noqa: BLE001  # tried again with the page, where it does not stop the notebook
                return

    def close(self, outcome: NotebookOutcome, runner: JobRunner) -> None:
        """File how the notebook ended; then `done` or `failure` is there. Its pages follow by the runner."""
        self._closed = True
        why = _reason(outcome)
        try:
            run_id, stored = self._file(ENDINGS[outcome.status], why)
        finally:
            self._release()
        if self.desk.exists() and self._run_id:
            finished = str(self.task.path) if outcome.ok and run_id else ""
            try:
                runs.tag(self._run_id, {MISSING: UNMADE})
                runner.afterwards(FUNCTION, self._run_id, self.stage, str(self._executed), finished)
            except Exception as error:  # noqa: BLE001  # no page is worth the stage; the tag says that it is missing
                say(
                    f"the pages of {self.stage} can't be made now: {one_line(type(error).__name__, str(error))}"
                )
        if not outcome.ok:
            where = (
                f"The executed notebook is an artifact of run {run_id}"
                if self._run_id
                else f"The run is {run_id}"
            )
            self.failure = _kind_of(outcome)(f"{self.stage} {why}. {where} (experiment {self.task.name!r}).")
        elif not run_id:
            self.failure = StageFailed(
                f"{notebook_of(self.stage).name} ended without doing its stage: it never called begin() and run()"
            )
        else:
            self.done = Done(self.stage, load_result(self.stage, run_id), run_id, stored)
            if self.stage == "gate" and not stored:
                tell_verdict(self.task, run_id, self.done.result)

    def interrupt(self, error: BaseException) -> None:
        """File that it was interrupted, or what else ended all of it, unless it has been closed."""
        if not self._closed:
            self._closed = True
            try:
                if isinstance(error, Exception):
                    why = machine_fault(error) or one_line(type(error).__name__, str(error))
                    self._file("FAILED", f"could not be executed: {why}")
                else:
                    self._file("KILLED", "interrupted from outside")
            finally:
                self._release()
            if self._run_id:
                store_pages(self._run_id, self.stage, str(self._executed))

    def drop(self) -> None:
        """Let go of work that was not begun."""
        self._closed = True
        self._clear_desk()
        self._release()

    def _release(self) -> None:
        if self._claim is not None:
            self._claim.release()

    def _file(self, status: runs.Ending, reason: str) -> tuple[str, bool]:
        """The run, "" when the notebook did no stage; and whether its work was found in the record."""
        run_id, stored = read_letter(self._mailbox)
        if stored and status == "FINISHED":
            self._clear_desk()
            return run_id, True
        silent = status == "FINISHED" and not run_id
        if not run_id or stored:
            # It ended badly before its stage had a run of its own: the failure belongs in the record too.
            run_id = runs.open_run(
                self.task,
                self.stage,
                kind="stage",
                parent=self.parameters.get("round_run") or None,
                tags={"veritrain.stage": self.stage},
            )
            if status == "FINISHED":
                status, reason = "FAILED", "the notebook never called begin() and run()"
        try:
            if self._executed.exists():
                runs.log_file(run_id, self._executed, "notebook")
                self._run_id = run_id
            else:
                self._clear_desk()
        except (OSError, Infrastructure) as error:
            # It stays on its desk; the next start tries again.
            lost = f"the executed notebook could not be stored: {machine_fault(error) or error}"
            print(f"veritrain: {self.stage}: {lost}", file=sys.stderr)
            reason = f"{reason}; {lost}" if reason else lost
        runs.end_run(run_id, status, reason)
        return ("" if silent else run_id), False

    def _clear_desk(self) -> None:
        shutil.rmtree(self.desk, ignore_errors=True)


def run_together(
    works: Sequence[StageWork],
    *,
    runner: JobRunner | None = None,
    on_progress: Callable[[StageWork, Progress], None] | None = None,
    on_done: Callable[[StageWork], None] | None = None,
) -> list[Done]:
    """Run the notebooks of stages that do not need each other, and close each in the record as it ends.

    Raises StageFailed for the first that does not finish, when all have ended. Pages may follow: `runner.finish`.
    """
    runner = runner or LocalRunner()
    of = {id(work.job): work for work in works}

    def moved(job: Job, progress: Progress) -> None:
        of[id(job)].went_on(runner)
        if on_progress is not None:
            on_progress(of[id(job)], progress)

    def ended(job: Job, outcome: NotebookOutcome) -> None:
        work = of[id(job)]
        work.close(outcome, runner)
        if on_done is not None and work.done is not None:
            on_done(work)

    try:
        runner.run([work.job for work in works], on_progress=moved, on_done=ended)
    except BaseException as error:
        for work in works:
            work.interrupt(error)
        raise
    for work in works:
        if work.failure is not None:
            raise work.failure
    return [work.done for work in works if work.done is not None]


def attach_leftovers(task: Task) -> None:
    """Give the notebooks that a killed process left on its desk to their runs, with their pages, and clear it away.

    Pages that earlier runs lack are made again. Desks of living processes and of other machines are left alone, those of other tasks for when these are
    worked on again. Claims, leases and temporary folders of killed processes go, too.
    """
    claims.clear()
    liveness.clear_leases()
    temporary_folders.clear()
    for desk in sorted(_desks().glob("*")):
        if not desk.is_dir():
            continue  # locks, sockets and outputs of the server's processes
        owner, _, _ = desk.name.rpartition(BETWEEN)
        if owner and runs.alive(owner.replace(BETWEEN, "/")) is not False:
            continue
        executed = next(desk.glob("*.ipynb"), None)
        run_id, stored = read_letter(desk / "mailbox.json")
        try:
            run = runs.get(run_id) if run_id and not stored else None
        except NoSuchRun:
            run = None  # deleted for good meanwhile: there is nobody to give it to
        if run is not None:
            if run.info.experiment_id != _experiment(task):
                continue
            if executed is not None:
                runs.log_file(run_id, executed, "notebook")
            if run.info.status == "RUNNING":
                runs.end_run(
                    run_id, "KILLED", "the process that ran this notebook died; closed at the next start"
                )
            if executed is not None:
                finished = str(task.path) if run.info.status == "FINISHED" else ""
                store_pages(run_id, run.data.tags.get("veritrain.stage", ""), str(executed), finished)
        shutil.rmtree(desk, ignore_errors=True)
    for line in mend_pages(task):
        say(f"pages are still missing: {line}")


def _experiment(task: Task) -> str:
    from veritrain_lib.tracking import store

    return str(store.experiment(task).experiment_id)


BETWEEN = "~"
"""Stands between the parts of a desk's name: who works at it (`runs.owner`), and a number of its own."""


def _desks() -> Path:
    return project.state("running")


def _kind_of(outcome: NotebookOutcome) -> type[UserError]:
    """A refusal or a user's mistake inside the notebook keeps its kind, and so its exit code."""
    name = (outcome.error or "").partition(":")[0]
    kinds = (Refused, OutOfMoney, UserError, WaitingForPeople)
    return {kind.__name__: kind for kind in kinds}.get(name, StageFailed)


def _reason(outcome: NotebookOutcome) -> str:
    if outcome.ok:
        return ""
    where = f" in cell {outcome.failed_cell}" if outcome.failed_cell is not None else ""
    return f"{outcome.status.replace('_', ' ')}{where}: {outcome.error}"
