"""`StageRun`: one stage in MLflow, from its notebook's first cell to the last (methods `run` and `finish`).

Work that was done before with the same inputs, parameters and code is not repeated: its stored result is shown. A cell
may display the stage's inputs (`stage.rows`), change a copy, and pass it to `run`. See `start_stage.py` for the first
cell, `stage_work.py` for the digest that identifies equal work, `run_record.py` for the MLflow run, and `offered.py`
for the inputs that a cell may display.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from veritrain_lib.core.errors import UserError
from veritrain_lib.stages.base import StageSpec, spec_of
from veritrain_lib.stages.inputs import split_overlap
from veritrain_lib.stages.record import edited_inputs
from veritrain_lib.stages.record.progress_reports import STATUS_FILE
from veritrain_lib.stages.record.run_record import RunRecord
from veritrain_lib.stages.record.stage_work import COMMON_PARAMETERS, StageWork
from veritrain_lib.stages.record.stored_result import load_result
from veritrain_lib.stages.record.verdict_event import log_verdict
from veritrain_lib.tracking import runs

if TYPE_CHECKING:
    from veritrain_lib.stages.base import Inputs
    from veritrain_lib.stages.stage_result import StageResult


def prepare(stage: str, parameters: Mapping[str, Any], *, inner: bool = False) -> StageRun:
    """Create a `StageRun` without a notebook, to compute its digest beforehand or to run it inside another stage.

    Args:
        stage: The stage's name, one of `stages.NAMES`.
        parameters: The stage's parameters by name. One that is left out has its default.
        inner: Whether another stage runs it, in this process, to make a missing input; see `StageRun`.

    Returns:
        The stage, whose inputs have been found; its work has not begun.
    """
    spec = spec_of(stage)
    return StageRun(stage, {**COMMON_PARAMETERS, **spec.PARAMETERS, **parameters}, spec, inner=inner)


class StageRun(StageWork):
    """A stage with its parameters, inputs and MLflow run. In a notebook it displays parameters and inputs."""

    def __init__(
        self, stage: str, parameters: Mapping[str, Any], spec: StageSpec, *, inner: bool = False
    ) -> None:
        """Find the task, check that its data files do not overlap, and find the stage's inputs.

        Args:
            stage: The stage's name, one of `stages.NAMES`.
            parameters: All parameters of the stage, by name.
            spec: The stage's specification.
            inner: Whether another stage runs this one, in this process, to make a missing input. Then the engine gets
                no status, and the checks, which the outer stage has made, are not repeated.
        """
        from veritrain_lib.stages.inputs.tasks import find_task

        self._inner = inner
        self._status_file = None if inner else os.environ.get(STATUS_FILE)
        task = find_task(parameters["task"], check=not inner and self._status_file is None)
        if not inner:
            runs.close_abandoned(task)
            # Before any input is searched for, measured or paid. An inner stage was checked together with the outer one.
            split_overlap.refuse_overlap(task, pool=stage == "generate")
        super().__init__(stage, spec, task, parameters)
        self._record = self._new_record()
        self._result: StageResult | None = None

    def _new_record(self) -> RunRecord:
        return RunRecord(self, status_file=self._status_file, inner=self._inner)

    @property
    def run_id(self) -> str:
        """The id of the stage's MLflow run; empty until one is opened or found."""
        return self._record.run_id

    @property
    def stored(self) -> bool:
        """Whether an earlier MLflow run did the stage's work, so that its stored result is only shown."""
        return self._record.stored

    @property
    def is_open(self) -> bool:
        """Whether the MLflow run is RUNNING and must be ended here.

        It is False if the execution engine runs the notebook, since the engine then ends the run.
        """
        return self._record.is_open

    def run(self, **changes: Any) -> StageResult:
        """Do the stage's work, or load the stored result if the work was done before.

        A second call with the same inputs returns the same result. A call with other inputs is other work, and opens an
        MLflow run of its own.

        Args:
            **changes: Values to use in place of the stage's own inputs, by the name of the input; the gate, for
                example, accepts `rows` and `suite`. A value that equals the stage's own changes nothing.

        Returns:
            The stage's result.

        Raises:
            UserError: when the stage accepts no input of that name, or the value can't be used.
            Refused: when a command runs a notebook that was saved with a replaced input.
        """
        inputs = self.inputs_with(**changes)
        if inputs.edits and self._status_file:
            edited_inputs.refuse_for_command(self.stage, self.task, edited_inputs.description(inputs))
        if self.digest_with(inputs) != self.digest:
            self._start_over(inputs)
        record = self._record
        if self._result is not None and not record.failed:
            return self._result
        if record.find_finished():
            self._result = load_result(self.stage, record.run_id)
            return self._result
        record.begin()
        with record.failing_on_error():
            parameters = {**self.parameters, "round_run": self.round_run}
            result = self.spec.execute(self.task, parameters, self.inputs, record.run_id)
            record.store(result)
        self._result = result
        return result

    def _start_over(self, inputs: Inputs) -> None:
        """Abandon the current MLflow run and continue with other inputs, in a new run."""
        self.abandon("run again with other inputs before the last cell")
        self.inputs, self._record, self._result = inputs, self._new_record(), None

    @property
    def result(self) -> StageResult:
        """The stage's result, from the last call of `run()`.

        Raises:
            UserError: when `run()` was not called before.
        """
        if self._result is None:
            raise UserError("there is no result before run(); run the cells from the top")
        return self._result

    def abandon(self, reason: str) -> None:
        """End the stage's MLflow run as KILLED, if it is open, and store the reason why it is not continued."""
        self._record.abandon(reason)

    def finish(self) -> str:
        """End the stage's MLflow run as FINISHED; a notebook calls this in its last cell.

        Returns:
            One line that says in which run the result is stored.

        Raises:
            UserError: when `run()` was not called before.
        """
        if self._result is None:
            raise UserError("finish() comes after run(); run the cells from the top")
        if self._record.finish() and self.stage == "gate":
            log_verdict(self.task, self.run_id, self._result)
        how = "shown from the record, nothing was done twice" if self.stored else "filed"
        changed = f"; edited: {self.edited}" if self.edited else ""
        return f"{self.stage}: {how}, run {self.run_id} of experiment {self.task.name!r}{changed}"
