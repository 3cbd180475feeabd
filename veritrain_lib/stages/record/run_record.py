"""The MLflow run of a stage's work: the work is claimed (locked), the run opened, filled, and ended truthfully.

When our execution engine runs the notebook, the engine ends the run with the notebook's status. When a person or plain
papermill runs it, this module ends the run: FINISHED by `finish`, FAILED when a cell fails, KILLED when it is
abandoned.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from veritrain_lib.stages.record import edited_inputs
from veritrain_lib.stages.record.finished_work import claim_stage, find_finished, missing_outputs
from veritrain_lib.stages.record.progress_reports import CLAIMED, RUN_OWNER, CellErrorWatcher, write_status
from veritrain_lib.stages.record.stored_result import RESULT
from veritrain_lib.tracking import runs
from veritrain_lib.tracking.state import claims

if TYPE_CHECKING:
    from veritrain_lib.stages.record.stage_work import StageWork
    from veritrain_lib.stages.stage_result import StageResult


class RunRecord:
    """The MLflow run in which one stage's work is stored.

    Attributes:
        run_id: The id of the MLflow run; empty until one is opened or found.
        stored: Whether an earlier run did the work, whose stored result is only shown.
        failed: Whether the work or a later cell failed and has not been repeated successfully yet.
    """

    def __init__(self, work: StageWork, *, status_file: str | None, inner: bool) -> None:
        """Prepare to store a stage's work in an MLflow run. No run is opened yet.

        Args:
            work: The stage's work.
            status_file: Path of the status file of the execution engine, which then ends the run; None if the stage
                itself ends it.
            inner: Whether another stage runs this one to make a missing input; the notebook's cells are then not
                watched.
        """
        self.run_id = ""
        self.stored = self.failed = self._closed = False
        self._work, self._status_file, self._inner = work, status_file, inner
        self._watcher = CellErrorWatcher(self._cell_failed)
        self._claim: claims.Claim | None = None

    @property
    def is_open(self) -> bool:
        """Whether the MLflow run is RUNNING and must be ended here.

        It is False if the execution engine runs the notebook, since the engine then ends the run.
        """
        return bool(self.run_id) and not (self.stored or self._status_file or self.failed or self._closed)

    def find_finished(self) -> bool:
        """Take over the MLflow run that already did the same work; if there is none, claim (lock) the work.

        While another process holds the claim, this waits for it, and then uses the run that the other process finished.

        Returns:
            Whether a finished run was found.
        """
        work = self._work
        run = find_finished(work.task, work.stage, work.digest)
        claimed_by_engine = self._status_file and os.environ.get(CLAIMED) == work.digest
        if run is None and not claimed_by_engine:
            if self._claim is None:
                self._claim = claim_stage(work.task, work.stage, work.digest)
            run = find_finished(work.task, work.stage, work.digest)
            if run is not None:
                self._release()
        if run is None:
            return False
        self.run_id, self.stored = run.info.run_id, True
        self._report_status()
        return True

    def begin(self) -> None:
        """Open the stage's MLflow run, or reopen the one in which an earlier attempt failed."""
        if not self.run_id:
            self._open()
        elif self.failed:
            runs.resume(self.run_id)
            self._closed = False
        self.failed = False

    def _open(self) -> None:
        work = self._work
        number = runs.get(work.round_run).data.tags.get("veritrain.round", "") if work.round_run else ""
        name = f"round {number} · {work.stage}" if number else work.stage
        tags = {"veritrain.stage": work.stage, "veritrain.digest": work.digest}
        tags |= {f"veritrain.input.{key}": value for key, value in work.inputs.names.items() if value}
        changed = {"edited": work.edited} if work.edited else {}
        if changed:
            tags[edited_inputs.TAG] = work.edited
        engine = os.environ.get(RUN_OWNER) if self._status_file else None
        if engine:
            tags[runs.OWNER_TAG] = engine
        self.run_id = runs.open_run(work.task, name, kind="stage", parent=work.round_run or None, tags=tags)
        try:
            self._report_status()
            parameters = {"task": work.task.name} | work.own_parameters | work.inputs.names | changed
            runs.log(self.run_id, parameters=parameters)
        except BaseException as error:
            # The engine may never learn of this run (after a full disk, say), and then nothing else would end it.
            runs.end_run(self.run_id, "FAILED", _first_line(error))
            raise
        if not self._status_file and not self._inner:
            self._watcher.start()

    def store(self, result: StageResult) -> None:
        """Store the stage's result in its MLflow run, as artifacts, metrics and tags.

        Earlier runs that did the same work and have lost an output are marked as superseded by this one.
        """
        work = self._work
        with tempfile.TemporaryDirectory() as folder:
            result.save(Path(folder))
            runs.log_folder(self.run_id, Path(folder), RESULT)
        runs.write_manifest(self.run_id)
        note = f"{result.headline} Edited in a cell: {work.edited}." if work.edited else result.headline
        tags = {runs.NOTE_TAG: note, "veritrain.outcome": result.outcome}
        runs.log(self.run_id, metrics=result.metrics(), tags=tags)
        for previous in runs.all_finished(work.task, work.digest):
            absent = missing_outputs(work.task, previous)
            if absent:
                runs.supersede(previous, absent[0], self.run_id)
        self._report_status(result_stored=True)

    @contextlib.contextmanager
    def failing_on_error(self) -> Iterator[None]:
        """Context manager that ends the stage's MLflow run as FAILED if its body raises, and lets the error pass on."""
        try:
            yield
        except BaseException as error:
            self._fail(error)
            raise

    def finish(self) -> bool:
        """End the stage's MLflow run as FINISHED, unless the execution engine ends it or an earlier run did the work.

        Returns:
            Whether this call ended the run.
        """
        # By hand a cell that failed can be corrected: the last cell ran, so the notebook ended well.
        ends_here = self.is_open or (self.failed and not self._status_file)
        if ends_here:
            reason = "a cell failed and was corrected by hand" if self.failed else ""
            runs.end_run(self.run_id, "FINISHED", reason)
            self.failed = False
            self._watcher.stop()
        self._closed = True
        self._release()
        return ends_here

    def abandon(self, reason: str) -> None:
        """End the stage's MLflow run as KILLED, if it is open, and store the reason why it is not continued."""
        if self.is_open:
            runs.end_run(self.run_id, "KILLED", reason)
            self._closed = True
        self._watcher.stop()
        self._release()

    def _release(self) -> None:
        """Release the claim (the lock) on the stage's work, unless our execution engine holds it."""
        if self._claim is not None and not self._status_file:
            self._claim.release()
            self._claim = None

    def _report_status(self, *, result_stored: bool = False) -> None:
        if self._status_file:
            write_status(Path(self._status_file), self.run_id, self.stored, result_stored=result_stored)

    def _fail(self, error: BaseException) -> None:
        self.failed = True
        if not self._status_file:
            runs.end_run(self.run_id, "FAILED", _first_line(error))
        self._release()

    def _cell_failed(self, error: BaseException) -> None:
        if not self.failed:
            self._fail(error)


def _first_line(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0][:500]
