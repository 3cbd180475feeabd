"""One stage in MLflow, from a notebook's first cell to its last: `start_stage`, `StageRun.run`, `StageRun.finish`.

A stage opens its own MLflow run. Under our execution engine the engine then ends that run with the real outcome of the
notebook. By hand, or under plain papermill, the stage ends it itself: FINISHED at `finish()`, or FAILED when a cell
fails. Work that was done before (same inputs, parameters and code) is shown from the record and costs nothing. A cell
may look at what goes in (`stage.rows`), change it, and give it to `run`: see `record/edits.py`.
"""

from __future__ import annotations

import contextlib
import html
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from veritrain_lib.core import claims, digest
from veritrain_lib.core.errors import UserError
from veritrain_lib.kernel_process.redaction import redact_current_kernel
from veritrain_lib.stages.base import Inputs, StageSpec, check_seed, spec_of
from veritrain_lib.stages.inputs import split_overlap
from veritrain_lib.stages.record import edits
from veritrain_lib.stages.record.finished_work import claim_stage, find_finished, missing_outputs
from veritrain_lib.stages.record.progress_reports import CLAIMED, STATUS_FILE, CellErrorWatcher, write_status
from veritrain_lib.stages.record.stored_result import RESULT, load_result
from veritrain_lib.stages.record.upstream import resolve_inputs
from veritrain_lib.stages.record.verdict_event import log_verdict
from veritrain_lib.tracking import runs

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task
    from veritrain_lib.stages.stage_result import StageResult

LEFT = "style='text-align:left'"

COMMON_PARAMETERS = {"task": "", "round_run": "", "run_upstream": False}
"""Parameters of every stage notebook, which do not change the work: the task, the run of the round that the stage belongs
to, and whether to run the stages first that make a missing input."""


def start_stage(stage: str, namespace: Mapping[str, Any]) -> StageRun:
    """Check a notebook's parameters and find the stage's inputs, without opening a run or paying for anything.

    Calling it again in one kernel with the same parameters and inputs returns the stage that is still open; with
    other ones the open stage is abandoned first.

    Args:
        stage: One of `stages.NAMES`.
        namespace: The notebook's `globals()`.

    Returns:
        The stage, ready for `run()`.

    Raises:
        UserError: for an unknown or mistyped parameter, and for an input that does not exist.
    """
    redact_current_kernel()
    spec = spec_of(stage)
    allowed = {**COMMON_PARAMETERS, **spec.PARAMETERS}
    _validate_parameters(namespace, allowed)
    parameters = {name: namespace.get(name, default) for name, default in allowed.items()}
    stage_run = StageRun(stage, parameters, spec)
    previous = _started.get(stage)
    if previous is not None and previous.is_open:
        if previous.own_digest == stage_run.own_digest:
            return previous
        previous.abandon("started again with other parameters or inputs before the last cell")
    _started[stage] = stage_run
    return stage_run


_started: dict[str, StageRun] = {}
"""The stages that this kernel has started, by name: going back to the first cell must leave no run open."""


def prepare(stage: str, parameters: Mapping[str, Any], *, inner: bool = False) -> StageRun:
    """Create a stage outside a notebook: to know its digest before it is launched, or to run it inside another stage.

    Args:
        stage: One of `stages.NAMES`.
        parameters: Its parameters; those left out get their defaults.
        inner: Whether another stage runs it first, in this process; see `StageRun`.
    """
    spec = spec_of(stage)
    return StageRun(stage, {**COMMON_PARAMETERS, **spec.PARAMETERS, **parameters}, spec, inner=inner)


def _validate_parameters(namespace: Mapping[str, Any], allowed: Mapping[str, Any]) -> None:
    from veritrain_lib.execution.parameters import check_injected

    cells = [cell for cell in namespace.get("In", []) if isinstance(cell, str)]
    check_injected(cells, {name: type(default).__name__ for name, default in allowed.items()})
    for name, default in allowed.items():
        value = namespace.get(name, default)
        fits = isinstance(value, type(default)) or (isinstance(default, float) and isinstance(value, int))
        if not fits or (isinstance(value, bool) and not isinstance(default, bool)):
            raise UserError(
                f"parameter {name} is {value!r} ({type(value).__name__}); it must be {type(default).__name__}"
            )
        if name == "seed":
            check_seed(value)


class StageRun:
    """A stage with its parameters, its inputs and its MLflow run. Shows parameters and inputs in a notebook.

    Attributes:
        stage: Its name, one of `stages.NAMES`.
        parameters: Its parameters, defaults filled in.
        task: The task that it works on.
        inputs: The resolved inputs, with the changes of the cell that ran the stage.
        run_id: Its MLflow run; empty until one is opened or found.
        stored: Whether the work was done before and the result is only shown from the record.
    """

    def __init__(
        self, stage: str, parameters: Mapping[str, Any], spec: StageSpec, *, inner: bool = False
    ) -> None:
        """Find the task and resolve the inputs.

        Args:
            stage: One of `stages.NAMES`.
            parameters: All parameters of the stage.
            spec: The stage's specification.
            inner: Whether another stage runs this one first, in this process; then nothing is reported to the engine.
        """
        from veritrain_lib.stages.inputs.tasks import find_task

        self.stage = stage
        self._status_file = None if inner else os.environ.get(STATUS_FILE)
        self._inner = inner
        self.parameters = dict(parameters)
        self.task: Task = find_task(parameters["task"], check=not inner and self._status_file is None)
        if not inner:
            runs.close_abandoned(self.task)
        # Before any input is searched for, measured or paid. An inner stage was checked together with the outer one.
        if not inner:
            split_overlap.refuse_overlap(self.task, pool=stage == "generate")
        self._spec = spec
        self._own_inputs: Inputs = resolve_inputs(spec, stage, self.task, self.parameters)
        self.inputs: Inputs = self._own_inputs
        self.run_id = ""
        self.stored = False
        self._failed = False
        self._closed = False
        self._watcher = CellErrorWatcher(self._cell_failed)
        self._result: StageResult | None = None
        self._claim: claims.Claim | None = None

    @property
    def digest(self) -> str:
        """Digest of the work: stage, code, inputs and parameters. `COMMON_PARAMETERS` do not count."""
        return self.digest_with(self.inputs)

    @property
    def own_digest(self) -> str:
        """Digest of the work without what a cell changed: that of the loop."""
        return self.digest_with(self._own_inputs)

    @property
    def edited(self) -> str:
        """Description of what a cell changed in the inputs; empty for the task's own work."""
        return edits.description(self.inputs)

    def __getattr__(self, name: str) -> Any:
        """Return what the stage offers to look at and to change before it runs, such as `rows` and `suite` of the gate."""
        if name.startswith("_"):
            raise AttributeError(name)
        offers = self._spec.offers(self.task, self.parameters, self._own_inputs)
        if name not in offers:
            raise AttributeError(
                f"stage {self.stage} has no {name}; it offers: {', '.join(offers) or 'nothing'}"
            )
        return offers[name]()

    def digest_with(self, inputs: Inputs) -> str:
        """Return the digest of the work on these inputs, see `digest`."""
        own_parameters = self._own_parameters()
        # An input given by name and the same one found by default are the same work.
        for name in inputs.names:
            own_parameters.pop(name, None)
        return digest.of_json([self.stage, digest.of_code(), self.task.name, own_parameters, inputs.digest])

    def _own_parameters(self) -> dict[str, Any]:
        """Return the parameters that are the stage's own, without `COMMON_PARAMETERS`."""
        return {name: value for name, value in self.parameters.items() if name in self._spec.PARAMETERS}

    def inputs_with(self, **changes: Any) -> Inputs:
        """Return the stage's inputs with what `run` is to be given instead, checked; nothing is done yet.

        Raises:
            UserError: as `run`.
        """
        return edits.apply_edits(
            self._spec, self.stage, self.task, self.parameters, self._own_inputs, changes
        )

    def run(self, **changes: Any) -> StageResult:
        """Do the work, or load its result if it was done before; a second call returns the same result.

        Args:
            **changes: What to work on instead of the stage's own inputs, by the names that the stage offers: for the gate
                `rows` and `suite`. What equals the stage's own changes nothing. Another change than that of the last call
                is other work, with a run of its own.

        Raises:
            UserError: when the stage takes nothing of that name, or the value can't be used.
            Refused: when a command runs a notebook that was saved with a change.
        """
        inputs = self.inputs_with(**changes)
        if inputs.edits and self._status_file:
            edits.refuse_for_command(self.stage, self.task, edits.description(inputs))
        if self.digest_with(inputs) != self.digest:
            self._start_over(inputs)
        if self._result is not None and not self._failed:
            return self._result
        stored_run = find_finished(self.task, self.stage, self.digest) or self._claimed()
        if stored_run is not None:
            self.run_id, self.stored = stored_run.info.run_id, True
            self._report_status()
            self._result = load_result(self.stage, self.run_id)
            return self._result
        if not self.run_id:
            self._open()
        elif self._failed:
            runs.resume(self.run_id)
            self._closed = False
        self._failed = False
        with self._failing_on_error():
            parameters = {**self.parameters, "round_run": self._round_run}
            result = self._spec.execute(self.task, parameters, self.inputs, self.run_id)
            self._store(result)
            self._report_status(result_stored=True)
        self._result = result
        return result

    @property
    def result(self) -> StageResult:
        """The result of the last `run()`.

        Raises:
            UserError: when `run()` was not called before.
        """
        if self._result is None:
            raise UserError("there is no result before run(); run the cells from the top")
        return self._result

    @property
    def _round_run(self) -> str:
        """The run of the round that it belongs to. An edited run belongs to none: a round is the task's own work."""
        return "" if self.inputs.edits else str(self.parameters["round_run"])

    def _start_over(self, inputs: Inputs) -> None:
        """Work on other inputs from now on, with another run."""
        if self.is_open:
            self.abandon("run again with other inputs before the last cell")
        self._watcher.stop()
        self._release()
        self.inputs, self.run_id, self._result = inputs, "", None
        self.stored = self._failed = self._closed = False

    def _claimed(self) -> runs.Run | None:
        """Claim the work, unless the process that launched this notebook has claimed it already.

        Returns:
            The run that did this work while this process waited for the claim, else None.
        """
        if self._status_file and os.environ.get(CLAIMED) == self.digest:
            return None
        if self._claim is None:
            self._claim = claim_stage(self.task, self.stage, self.digest)
        stored_run = find_finished(self.task, self.stage, self.digest)
        if stored_run is not None:
            self._release()
        return stored_run

    def _release(self) -> None:
        """Release the claim. Under our engine the engine holds it, and ends the run after the notebook's process."""
        if self._claim is not None and not self._status_file:
            self._claim.release()
            self._claim = None

    @property
    def is_open(self) -> bool:
        """Whether its run is RUNNING and was started by hand, so that only the stage itself will end it."""
        return bool(self.run_id) and not (self.stored or self._status_file or self._failed or self._closed)

    def abandon(self, reason: str) -> None:
        """End the run as KILLED, with the reason why it is not continued."""
        runs.end_run(self.run_id, "KILLED", reason)
        self._closed = True
        self._watcher.stop()
        self._release()

    def finish(self) -> str:
        """End the run as FINISHED; the notebook's last call.

        Returns:
            One line that says where the result is stored.

        Raises:
            UserError: when `run()` was not called before.
        """
        if self._result is None:
            raise UserError("finish() comes after run(); run the cells from the top")
        if self.is_open or (self._failed and not self._status_file):
            # By hand a cell that failed can be corrected: the last cell ran, so the notebook ended well.
            runs.end_run(
                self.run_id, "FINISHED", "a cell failed and was corrected by hand" if self._failed else ""
            )
            self._failed = False
            self._watcher.stop()
            if self.stage == "gate":
                log_verdict(self.task, self.run_id, self._result)
        self._closed = True
        self._release()
        how = "shown from the record, nothing was done twice" if self.stored else "filed"
        changed = f"; edited: {self.edited}" if self.edited else ""
        return f"{self.stage}: {how}, run {self.run_id} of experiment {self.task.name!r}{changed}"

    def _open(self) -> None:
        number = _round_number(self._round_run)
        name = f"round {number} · {self.stage}" if number else self.stage
        tags = {"veritrain.stage": self.stage, "veritrain.digest": self.digest}
        tags |= {f"veritrain.input.{key}": value for key, value in self.inputs.names.items() if value}
        changed = {"edited": self.edited} if self.edited else {}
        if changed:
            tags[edits.TAG] = self.edited
        self.run_id = runs.open_run(self.task, name, kind="stage", parent=self._round_run or None, tags=tags)
        try:
            self._report_status()
            parameters = {"task": self.task.name} | self._own_parameters() | self.inputs.names | changed
            runs.log(self.run_id, parameters=parameters)
        except BaseException as error:
            # The engine may never learn of this run (after a full disk, say), and then nothing else would end it.
            runs.end_run(self.run_id, "FAILED", f"{type(error).__name__}: {error}".splitlines()[0][:500])
            raise
        if not self._status_file and not self._inner:
            self._watcher.start()

    def _store(self, result: StageResult) -> None:
        with tempfile.TemporaryDirectory() as folder:
            result.save(Path(folder))
            runs.log_folder(self.run_id, Path(folder), RESULT)
        runs.write_manifest(self.run_id)
        note = f"{result.headline} Edited in a cell: {self.edited}." if self.edited else result.headline
        tags = {runs.NOTE_TAG: note, "veritrain.outcome": result.outcome}
        runs.log(self.run_id, metrics=result.metrics(), tags=tags)
        for previous in runs.all_finished(self.task, self.digest):
            absent = missing_outputs(self.task, previous)
            if absent:
                runs.supersede(previous, absent[0], self.run_id)

    def _report_status(self, *, result_stored: bool = False) -> None:
        if self._status_file:
            write_status(Path(self._status_file), self.run_id, self.stored, result_stored=result_stored)

    @contextlib.contextmanager
    def _failing_on_error(self) -> Any:
        try:
            yield
        except BaseException as error:
            self._fail(f"{type(error).__name__}: {error}")
            raise

    def _fail(self, reason: str) -> None:
        self._failed = True
        if not self._status_file:
            runs.end_run(self.run_id, "FAILED", reason.splitlines()[0][:500])
        self._release()

    def _cell_failed(self, error: BaseException) -> None:
        if not self._failed:
            self._fail(f"{type(error).__name__}: {error}")

    def _repr_html_(self) -> str:
        rows = {
            **self.inputs.names,
            **{key: value for key, value in self.parameters.items() if key not in self.inputs.names},
        }
        cells = "".join(
            f"<tr><th {LEFT}>{html.escape(key)}</th><td {LEFT}>{html.escape(str(value))}</td></tr>"
            for key, value in rows.items()
            if value != "" and key != "run_upstream"
        )
        title = f"<p><strong>{html.escape(self.stage)}</strong> for task {html.escape(self.task.name)}</p>"
        return f"{title}<table>{cells}</table>"


def _round_number(run_id: str) -> str:
    return str(runs.get(run_id).data.tags.get("veritrain.round", "")) if run_id else ""
