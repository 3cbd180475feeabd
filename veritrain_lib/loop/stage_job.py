"""Execution of one stage's notebook, whose MLflow run is then ended with the notebook's real status.

Open this to see how finished work is found and not run again (`find_or_claim`), how notebooks run (`run_stage`,
`run_together`), and what happens to runs whose process was killed (`recover_killed_runs`).
"""

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
from veritrain_lib.core.errors import BudgetExceeded, HumanInputRequired, Infrastructure, Refused, UserError
from veritrain_lib.core.machine_fault import machine_fault
from veritrain_lib.core.stage_list import notebook_name
from veritrain_lib.execution.exit_reason import one_line
from veritrain_lib.execution.jobs import Job, JobRunner
from veritrain_lib.execution.runner_choice import notebook_runner
from veritrain_lib.loop.stage_pages import (
    FUNCTION,
    MISSING,
    NOT_RENDERED,
    PDF,
    repair_pages,
    repair_pages_of,
    store_pages,
)
from veritrain_lib.redaction import redact
from veritrain_lib.stages.evaluate.record import SPEC as EVALUATE
from veritrain_lib.stages.record.finished_work import claim_stage, find_finished
from veritrain_lib.stages.record.progress_reports import (
    CLAIMED,
    RUN_OWNER,
    STATUS_FILE,
    read_status,
    run_with_result,
)
from veritrain_lib.stages.record.stage_run import prepare
from veritrain_lib.stages.record.stored_result import load_result
from veritrain_lib.stages.record.verdict_event import log_verdict
from veritrain_lib.tracking import runs
from veritrain_lib.tracking.lookup import NoSuchRun

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task
    from veritrain_lib.execution.outcome import NotebookOutcome, NotebookProgress
    from veritrain_lib.execution.workers.remote_runner import RemoteRunner
    from veritrain_lib.stages.stage_result import StageResult

RUN_STATUSES: Mapping[str, runs.FinalStatus] = {
    "finished": "FINISHED",
    "failed": "FAILED",
    "timed_out": "FAILED",
    "died": "FAILED",
    "interrupted": "KILLED",
}
"""The final status of a stage's MLflow run for each status of its notebook."""


@dataclass(frozen=True)
class CompletedStage:
    """A stage that is done.

    Attributes:
        stage: The stage's name.
        result: The stage's result.
        run_id: The id of the stage's MLflow run.
        stored: Whether an earlier run did the work, so that the result was only loaded.
    """

    stage: str
    result: StageResult
    run_id: str
    stored: bool


class StageFailed(Infrastructure):
    """Error raised when a stage's notebook does not finish. The message names the cell, the reason, and the run."""


def notebook_of(stage: str) -> Path:
    """Return the path of a stage's notebook, such as `notebooks/03_gate.ipynb` for `gate`."""
    return project.notebooks() / notebook_name(stage)


def find_completed(task: Task, stage: str, parameters: Mapping[str, Any]) -> CompletedStage | None:
    """Return the completed stage if the same work was done before; None if it is still to be done.

    Args:
        task: The task.
        stage: The stage's name.
        parameters: The stage's parameters.
    """
    return _finished(task, stage, work_digest(task, stage, parameters))


def find_or_claim(
    task: Task,
    requested: Sequence[tuple[str, Mapping[str, Any]]],
    *,
    tell: Callable[[str, str], None] | None = None,
    cell_timeout_s: float | None = None,
) -> list[CompletedStage | StageJob]:
    """Load each stage that was done before, and claim (lock) the work of the others for this process.

    If another process is doing the work, this waits for it and then loads the result. Stages are claimed in the order
    of their digests, so that no two processes wait for each other. A claim ends when its job is closed.

    Args:
        task: The task.
        requested: Name and parameters of each stage.
        tell: Function that is called with the stage's name and a message while another process holds the claim; None
            prints the message to standard error.
        cell_timeout_s: Seconds that a notebook's cell may take; None for no limit.

    Returns:
        For each stage a completed stage or a claimed job, in the order requested.
    """
    by_stage: dict[str, CompletedStage | StageJob] = {}
    works = {stage: work_digest(task, stage, parameters) for stage, parameters in requested}
    try:
        for stage, parameters in sorted(requested, key=lambda request: works[request[0]]):
            by_stage[stage] = _find_or_claim(task, stage, parameters, works[stage], tell, cell_timeout_s)
    except BaseException:
        for item in by_stage.values():
            if isinstance(item, StageJob):
                item.discard()
        raise
    return [by_stage[stage] for stage, _ in requested]


def _find_or_claim(
    task: Task,
    stage: str,
    parameters: Mapping[str, Any],
    work: str,
    tell: Callable[[str, str], None] | None,
    cell_timeout_s: float | None,
) -> CompletedStage | StageJob:
    def on_wait(message: str) -> None:
        assert tell is not None
        tell(stage, message)

    done = _finished(task, stage, work)
    if done is not None:
        return done
    claim = claim_stage(task, stage, work, tell=on_wait if tell else None)
    try:
        done = _finished(task, stage, work)
        if done is None:
            return StageJob(task, stage, parameters, cell_timeout_s, work=work, claim=claim)
        claim.release()
        return done
    except BaseException:
        claim.release()
        raise


def work_digest(task: Task, stage: str, parameters: Mapping[str, Any]) -> str:
    """Return the digest of a stage's work, by which its finished run is found.

    Args:
        task: The task.
        stage: The stage's name.
        parameters: The stage's parameters.
    """
    return prepare(stage, {"task": str(task.path), **parameters}, inner=True).digest


def _finished(task: Task, stage: str, work: str) -> CompletedStage | None:
    run = find_finished(task, stage, work)
    return CompletedStage(stage, load_result(stage, run.info.run_id), run.info.run_id, True) if run else None


def run_stage(
    task: Task,
    stage: str,
    parameters: Mapping[str, Any],
    *,
    runner: JobRunner | None = None,
    cell_timeout_s: float | None = None,
    on_progress: Callable[[NotebookProgress], None] | None = None,
    on_wait: Callable[[str, str], None] | None = None,
) -> CompletedStage:
    """Run a stage's notebook, unless the same work was done before.

    Args:
        task: The task.
        stage: The stage's name, one of `stages.NAMES`.
        parameters: The stage's parameters. One that is left out has its default.
        runner: The runner of the notebook; None runs it on this machine.
        cell_timeout_s: Seconds that a cell may take; None for no limit.
        on_progress: Function that is called as the cells run; None to report nothing.
        on_wait: Function that is called with the stage's name and a message while another process does the same work.

    Returns:
        The completed stage.

    Raises:
        StageFailed: when the notebook does not finish. Its MLflow run then has the notebook's status.
    """
    work = find_or_claim(task, [(stage, parameters)], tell=on_wait, cell_timeout_s=cell_timeout_s)[0]
    if isinstance(work, CompletedStage):
        repair_pages_of(work.run_id, task)
        return _reapply_decision(task, work, parameters)

    def moved(_: StageJob, progress: NotebookProgress) -> None:
        if on_progress is not None:
            on_progress(progress)

    runner = runner or notebook_runner(warm=False)
    with finish_background_tasks(runner):
        return run_together([work], runner=runner, on_progress=moved)[0]


def _reapply_decision(task: Task, done: CompletedStage, parameters: Mapping[str, Any]) -> CompletedStage:
    """Promote again the challenger that an earlier evaluation has proven better, if the parameters name both models.

    Args:
        task: The task.
        done: The completed stage; returned unchanged if it is not an evaluation.
        parameters: The parameters of the stage.
    """
    if done.stage != "evaluate":
        return done
    refusal = EVALUATE.apply(task, parameters, done.run_id)
    headline = f"{done.result.headline} Not promoted: {refusal}"
    return replace(done, result=done.result.model_copy(update={"headline": headline})) if refusal else done


@contextmanager
def finish_background_tasks(runner: JobRunner | RemoteRunner) -> Iterator[None]:
    """Context manager that waits, at its end, for the HTML and PDF pages that are made in the background.

    A page that can't be made stops nothing: a warning is printed, and a tag of the run (`stage_pages.MISSING`) names
    it.

    Args:
        runner: The runner that was used in the context.
    """
    try:
        yield
    finally:
        try:
            runner.finish()
        except Infrastructure as error:
            warn(f"{error}; the next loop, stage or report of the task makes it again")


def warn(line: str) -> None:
    """Print a warning line to standard error, with secrets removed."""
    print(f"veritrain: {redact(line)}", file=sys.stderr)


class StageJob:
    """One stage's notebook while it is executed in a work directory, until its MLflow run has ended.

    Attributes:
        task: The task.
        stage: The stage's name.
        parameters: The notebook's parameters.
        work_directory: The directory of the executed notebook and its status file.
        job: The notebook as a job for a `JobRunner`.
        done: The completed stage; None until the notebook has finished.
        failure: The error to raise if the notebook did not finish; else None.
    """

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
        """Create the work directory of a stage's notebook.

        Args:
            task: The task.
            stage: The stage's name.
            parameters: The notebook's parameters.
            cell_timeout_s: Seconds that a cell may take; None for no limit.
            work: The digest of the work if it was claimed; else empty.
            claim: The claim on the work, which is released when the job is closed; None for none.
        """
        self.task, self.stage, self.parameters = task, stage, parameters
        owner = runs.owner()
        self.work_directory = (
            _work_directories() / f"{owner.replace('/', SEPARATOR)}{SEPARATOR}{uuid.uuid4().hex}"
        )
        self.work_directory.mkdir(parents=True)
        self._status_file, self._executed = (
            self.work_directory / "status.json",
            self.work_directory / notebook_of(stage).name,
        )
        self.job = Job(
            stage,
            notebook_of(stage),
            self._executed,
            {"task": str(task.path), **parameters},
            {
                STATUS_FILE: str(self._status_file),
                CLAIMED: work,
                RUN_OWNER: owner,
                "VERITRAIN_HOME": str(project.root()),
            },
            cell_timeout_s,
        )
        self.done: CompletedStage | None = None
        self.failure: UserError | None = None
        self._claim = claim
        self._closed = False
        self._run_id = ""
        self._pdf_requested = False

    def on_next_cell(self, runner: JobRunner) -> None:
        """Start making a report's PDF in the background as soon as the report's result is stored.

        This is called for each cell of the notebook; for other stages it does nothing.

        Args:
            runner: The runner of the notebook.
        """
        run_id = (
            run_with_result(self._status_file) if self.stage == "report" and not self._pdf_requested else ""
        )
        if run_id:
            self._pdf_requested = True
            try:
                runner.run_in_background(PDF, run_id, str(self.task.path))
            except Exception:  # noqa: BLE001  # tried again with the page, where it does not stop the notebook
                return

    def close(self, outcome: NotebookOutcome, runner: JobRunner) -> None:
        """End the stage's MLflow run with the notebook's status, and set `done` or `failure`.

        Args:
            outcome: The outcome of the notebook.
            runner: The runner of the notebook, which then makes the HTML and PDF pages in the background.
        """
        self._closed = True
        why = _reason(outcome)
        try:
            run_id, stored = self._store(RUN_STATUSES[outcome.status], why)
        finally:
            self._release()
        if self.work_directory.exists() and self._run_id:
            finished = str(self.task.path) if outcome.ok and run_id else ""
            try:
                runs.tag(self._run_id, {MISSING: NOT_RENDERED})
                runner.run_in_background(FUNCTION, self._run_id, self.stage, str(self._executed), finished)
            except Exception as error:  # noqa: BLE001  # no page is worth the stage; the tag says that it is missing
                warn(
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
                f"{notebook_of(self.stage).name} ended without doing its stage: it never called start_stage() and run()"
            )
        else:
            self.done = CompletedStage(self.stage, load_result(self.stage, run_id), run_id, stored)
            if self.stage == "gate" and not stored:
                log_verdict(self.task, run_id, self.done.result)

    def interrupt(self, error: BaseException) -> None:
        """End the stage's MLflow run as KILLED, or as FAILED if an error stopped the notebook, unless it has ended.

        Args:
            error: The error or interrupt that stopped the execution.
        """
        if not self._closed:
            self._closed = True
            try:
                if isinstance(error, Exception):
                    why = machine_fault(error) or one_line(type(error).__name__, str(error))
                    self._store("FAILED", f"could not be executed: {why}")
                else:
                    self._store("KILLED", "interrupted from outside")
            finally:
                self._release()
            if self._run_id:
                store_pages(self._run_id, self.stage, str(self._executed))

    def discard(self) -> None:
        """Give up a stage that was not started: delete its work directory and release its claim."""
        self._closed = True
        self._delete_work_directory()
        self._release()

    def _release(self) -> None:
        if self._claim is not None:
            self._claim.release()

    def _store(self, status: runs.FinalStatus, reason: str) -> tuple[str, bool]:
        """Store the executed notebook in the stage's MLflow run, and end the run.

        Args:
            status: The final status of the run.
            reason: The reason for a status other than FINISHED; else empty.

        Returns:
            The id of the run, empty if the notebook ran no stage; and whether an earlier run did the work.
        """
        run_id, stored = read_status(self._status_file)
        if stored and status == "FINISHED":
            self._delete_work_directory()
            return run_id, True
        did_no_stage = status == "FINISHED" and not run_id
        if not run_id or stored:
            # It failed before its stage had a run: the failure is recorded in a run of its own.
            run_id = runs.open_run(
                self.task,
                self.stage,
                kind="stage",
                parent=self.parameters.get("round_run") or None,
                tags={"veritrain.stage": self.stage},
            )
            if status == "FINISHED":
                status, reason = "FAILED", "the notebook never called start_stage() and run()"
        try:
            if self._executed.exists():
                runs.log_file(run_id, self._executed, "notebook")
                self._run_id = run_id
            else:
                self._delete_work_directory()
        except (OSError, Infrastructure) as error:
            # It stays in its work directory; the next start tries again.
            failure_text = f"the executed notebook could not be stored: {machine_fault(error) or error}"
            print(f"veritrain: {self.stage}: {failure_text}", file=sys.stderr)
            reason = f"{reason}; {failure_text}" if reason else failure_text
        runs.end_run(run_id, status, reason)
        return ("" if did_no_stage else run_id), False

    def _delete_work_directory(self) -> None:
        shutil.rmtree(self.work_directory, ignore_errors=True)


def run_together(
    works: Sequence[StageJob],
    *,
    runner: JobRunner | None = None,
    on_progress: Callable[[StageJob, NotebookProgress], None] | None = None,
    on_done: Callable[[StageJob], None] | None = None,
) -> list[CompletedStage]:
    """Run the notebooks of stages that do not depend on each other, and end the MLflow run of each when it finishes.

    Their HTML and PDF pages may be made later, see `runner.finish`.

    Args:
        works: The jobs.
        runner: The runner of the notebooks; None runs them on this machine.
        on_progress: Function that is called as the cells run; None to report nothing.
        on_done: Function that is called with each job that has finished; None to report nothing.

    Returns:
        The completed stages, in the order of the jobs.

    Raises:
        StageFailed: for the first notebook that does not finish, after all have ended.
    """
    runner = runner or notebook_runner(warm=False)
    job_of = {id(work.job): work for work in works}

    def moved(job: Job, progress: NotebookProgress) -> None:
        job_of[id(job)].on_next_cell(runner)
        if on_progress is not None:
            on_progress(job_of[id(job)], progress)

    def ended(job: Job, outcome: NotebookOutcome) -> None:
        work = job_of[id(job)]
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


def delete_leftovers() -> None:
    """Delete the claims, lock files and temporary folders that killed processes of this machine left behind."""
    claims.clear()
    liveness.clear_leases()
    temporary_folders.clear()


def recover_killed_runs(task: Task) -> None:
    """Store the notebooks that killed processes left in their work directories, and end their MLflow runs as KILLED.

    HTML and PDF pages that are missing in runs of the task are made again. Work directories are left alone if they
    belong to running processes, to other machines or to other tasks. Claims and temporary folders of killed processes
    are deleted.
    """
    delete_leftovers()
    for work_directory in sorted(_work_directories().glob("*")):
        if not work_directory.is_dir():
            continue  # locks, sockets and outputs of the server's processes
        owner, _, _ = work_directory.name.rpartition(SEPARATOR)
        if owner and runs.is_alive(owner.replace(SEPARATOR, "/")) is not False:
            continue
        executed = next(work_directory.glob("*.ipynb"), None)
        run_id, stored = read_status(work_directory / "status.json")
        try:
            run = runs.get(run_id) if run_id and not stored else None
        except NoSuchRun:
            run = None  # deleted permanently meanwhile: there is no run to store it in
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
        shutil.rmtree(work_directory, ignore_errors=True)
    for line in repair_pages(task):
        warn(f"pages are still missing: {line}")


def _experiment(task: Task) -> str:
    from veritrain_lib.tracking import store

    return str(store.experiment(task).experiment_id)


SEPARATOR = "~"
"""Separator in the name of a work directory, between the name of its process (`runs.owner`) and a random id."""


def _work_directories() -> Path:
    return project.state("running")


def _kind_of(outcome: NotebookOutcome) -> type[UserError]:
    """Return the class of the error to raise for a notebook that failed.

    A refusal or a user's mistake keeps its own class, and with it its exit code; any other failure is a `StageFailed`.
    """
    name = (outcome.error or "").partition(":")[0]
    kinds = (Refused, BudgetExceeded, UserError, HumanInputRequired)
    return {kind.__name__: kind for kind in kinds}.get(name, StageFailed)


def _reason(outcome: NotebookOutcome) -> str:
    if outcome.ok:
        return ""
    where = f" in cell {outcome.failed_cell}" if outcome.failed_cell is not None else ""
    return f"{outcome.status.replace('_', ' ')}{where}: {outcome.error}"
