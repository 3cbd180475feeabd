"""One stage in the record, from a notebook's first cell to its last.

A stage opens its own run. Under our engine the engine then closes it with the truth about the notebook; by
hand, or under plain papermill, the stage closes it itself: at `close()`, or as FAILED when a cell fails.
Work that was done before (same inputs, parameters and code) is shown from the record and costs nothing.
"""

from __future__ import annotations

import contextlib
import html
import logging
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from veritrain_lib.core import claims, digest
from veritrain_lib.core.errors import UserError
from veritrain_lib.execution.kernel_redaction import hide_secrets_here
from veritrain_lib.stage_io import split_overlap
from veritrain_lib.stage_io.progress_reports import CLAIMED, MAILBOX, CellWatch, write_letter
from veritrain_lib.stage_io.stage_spec import Binding, Inputs, binding, missing
from veritrain_lib.stage_io.verdict_event import tell_verdict
from veritrain_lib.tracking import missing_artifacts, runs

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task
    from veritrain_lib.stages.result import StageResult

log = logging.getLogger("veritrain")

RESULT = "result"

LARGEST_SEED = 2**31 - 1
"""As the task file allows."""

LEFT = "style='text-align:left'"

ADDRESSES = {"task": "", "round_run": ""}
"""Parameters that every stage notebook has: which task, and under which round's run."""


def begin(stage: str, namespace: Mapping[str, Any]) -> RecordedStage:
    """Check a notebook's parameters, find the stage's inputs, and stand ready.

    `namespace` is the notebook's `globals()`. Raises UserError for an unknown or mistyped parameter, and for
    an input that is not there; nothing is opened or paid before.
    """
    hide_secrets_here()
    bound = binding(stage)
    allowed = {**ADDRESSES, **bound.PARAMETERS}
    _refuse_wrong_parameters(namespace, allowed)
    given = {name: namespace.get(name, default) for name, default in allowed.items()}
    begun = RecordedStage(stage, given, bound)
    before = _at_hand.get(stage)
    if before is not None and before.is_open:
        if before.digest == begun.digest:
            return before
        before.leave("begun again with other parameters or inputs before the last cell")
    _at_hand[stage] = begun
    return begun


_at_hand: dict[str, RecordedStage] = {}
"""What this kernel has begun, by stage: going back to the first cell must leave no run open."""


def prepare(stage: str, parameters: Mapping[str, Any], *, inner: bool = False) -> RecordedStage:
    """A stage outside a notebook: to know its digest before it is launched, or to run it inside another."""
    bound = binding(stage)
    return RecordedStage(stage, {**ADDRESSES, **bound.PARAMETERS, **parameters}, bound, inner=inner)


def _refuse_wrong_parameters(namespace: Mapping[str, Any], allowed: Mapping[str, Any]) -> None:
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
            refuse_seed(value)


def refuse_seed(value: int) -> None:
    """Raise UserError for a seed that no random generator takes."""
    if not 0 <= value <= LARGEST_SEED:
        raise UserError(f"seed is {value}; allowed: whole numbers from 0 to {LARGEST_SEED}")


class RecordedStage:
    """A stage with its parameters and inputs. Shows both in a notebook."""

    def __init__(
        self, stage: str, parameters: Mapping[str, Any], bound: Binding, *, inner: bool = False
    ) -> None:
        """`inner`: a stage that another one runs first, in this process: the engine hears nothing of it."""
        from veritrain_lib.stage_io.tasks import find_task

        self.stage = stage
        self._mailbox = None if inner else os.environ.get(MAILBOX)
        self._inner = inner
        self.parameters = dict(parameters)
        self.task: Task = find_task(parameters["task"], check=not inner and self._mailbox is None)
        if not inner:
            runs.close_abandoned(self.task)
        # Before anything is looked for, measured or paid; a stage inside another was looked at with that one.
        if not inner:
            split_overlap.refuse_shared(self.task, pool=stage == "generate")
        self._bound = bound
        self.inputs: Inputs = bound.resolve(self.task, self.parameters)
        self.run_id = ""
        self.stored = False
        self._failed = False
        self._closed = False
        self._watch = CellWatch(self._cell_failed)
        self._result: StageResult | None = None
        self._claim: claims.Claim | None = None

    @property
    def digest(self) -> str:
        """Names the work: stage, code, inputs and parameters. `task` and `round_run` are only addresses."""
        own = {name: value for name, value in self.parameters.items() if name in self._bound.PARAMETERS}
        # An input given by name and the same one found by default are the same work.
        for name in self.inputs.names:
            own.pop(name, None)
        return digest.of_json([self.stage, digest.of_code(), self.task.name, own, self.inputs.digest])

    def run(self) -> StageResult:
        """Do the work, or show it from the record if it was done before; again, it gives the same result."""
        if self._result is not None and not self._failed:
            return self._result
        found = find_finished(self.task, self.stage, self.digest) or self._claimed()
        if found is not None:
            self.run_id, self.stored = found.info.run_id, True
            self._tell_engine()
            self._result = load_result(self.stage, self.run_id)
            return self._result
        if not self.run_id:
            self._open()
        elif self._failed:
            runs.take_up(self.run_id)
            self._closed = False
        self._failed = False
        with self._closing_on_error():
            result = self._bound.work(self.task, self.parameters, self.inputs, self.run_id)
            self._file(result)
            self._tell_engine(filed=True)
        self._result = result
        return result

    def _claimed(self) -> runs.Run | None:
        """Claim the work, unless whoever launched this notebook has; the run, if it was done while this waited."""
        if self._mailbox and os.environ.get(CLAIMED) == self.digest:
            return None
        if self._claim is None:
            self._claim = claim_stage(self.task, self.stage, self.digest)
        found = find_finished(self.task, self.stage, self.digest)
        if found is not None:
            self._release()
        return found

    def _release(self) -> None:
        """Let others do this work, or find it done. Under our engine the notebook's run is closed after its process."""
        if self._claim is not None and not self._mailbox:
            self._claim.release()
            self._claim = None

    @property
    def is_open(self) -> bool:
        """Its run is RUNNING, and by hand: nobody but the stage itself will close it."""
        return bool(self.run_id) and not (self.stored or self._mailbox or self._failed or self._closed)

    def leave(self, reason: str) -> None:
        """Close the run of a stage that is not gone on with."""
        runs.end_run(self.run_id, "KILLED", reason)
        self._closed = True
        self._watch.stop()
        self._release()

    def close(self) -> str:
        """The notebook's last call: the run is over, and ended well. Gives one line on where it is."""
        if self._result is None:
            raise UserError("close() comes after run(); run the cells from the top")
        if self.is_open or (self._failed and not self._mailbox):
            # By hand a cell that failed can be mended: the last cell ran, so the notebook ended well.
            runs.end_run(
                self.run_id, "FINISHED", "a cell failed and was mended by hand" if self._failed else ""
            )
            self._failed = False
            self._watch.stop()
            if self.stage == "gate":
                tell_verdict(self.task, self.run_id, self._result)
        self._closed = True
        self._release()
        how = "shown from the record, nothing was done twice" if self.stored else "filed"
        return f"{self.stage}: {how}, run {self.run_id} of experiment {self.task.name!r}"

    def _open(self) -> None:
        number = _round_number(self.parameters["round_run"])
        name = f"round {number} · {self.stage}" if number else self.stage
        tags = {"veritrain.stage": self.stage, "veritrain.digest": self.digest}
        tags |= {f"veritrain.input.{key}": value for key, value in self.inputs.names.items() if value}
        self.run_id = runs.open_run(
            self.task, name, kind="stage", parent=self.parameters["round_run"] or None, tags=tags
        )
        own = {name: value for name, value in self.parameters.items() if name in self._bound.PARAMETERS}
        try:
            self._tell_engine()
            runs.log(self.run_id, parameters={"task": self.task.name} | own | self.inputs.names)
        except BaseException as error:
            # The engine may never hear of this run (a full disk, say), and then nobody else would close it.
            runs.end_run(self.run_id, "FAILED", f"{type(error).__name__}: {error}".splitlines()[0][:500])
            raise
        if not self._mailbox and not self._inner:
            self._watch.start()

    def _file(self, result: StageResult) -> None:
        with tempfile.TemporaryDirectory() as folder:
            result.save(Path(folder))
            runs.log_folder(self.run_id, Path(folder), RESULT)
        runs.seal(self.run_id)
        said = {runs.NOTE: result.headline, "veritrain.outcome": result.outcome}
        runs.log(self.run_id, metrics=result.metrics(), tags=said)
        for before in runs.all_finished(self.task, self.digest):
            missing_artifacts = missing(self.task, before)
            if missing_artifacts:
                runs.supersede(before, missing_artifacts[0], self.run_id)

    def _tell_engine(self, *, filed: bool = False) -> None:
        if self._mailbox:
            write_letter(Path(self._mailbox), self.run_id, self.stored, filed=filed)

    @contextlib.contextmanager
    def _closing_on_error(self) -> Any:
        try:
            yield
        except BaseException as error:
            self._fail(f"{type(error).__name__}: {error}")
            raise

    def _fail(self, reason: str) -> None:
        self._failed = True
        if not self._mailbox:
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
            if value != ""
        )
        title = f"<p><strong>{html.escape(self.stage)}</strong> for task {html.escape(self.task.name)}</p>"
        return f"{title}<table>{cells}</table>"


def find_finished(task: Task, stage: str, work: str) -> runs.Run | None:
    """The run that did this work (its digest) and still has what it made; what is gone is named, and made again."""
    lost: list[str] = []
    for run in runs.all_finished(task, work):
        missing_artifacts = missing(task, run)
        if not missing_artifacts:
            return run
        more = f" and {len(missing_artifacts) - 1} more" if len(missing_artifacts) > 1 else ""
        lost.append(
            f"{stage} was done before, but {missing_artifacts[0]}{more} is gone (run {run.info.run_id}): it is done again"
        )
    for line in lost:
        if line not in _told:
            _told.add(line)
            log.warning("%s", line)
    return None


_told: set[str] = set()


def claim_stage(task: Task, stage: str, work: str, *, tell: claims.Tell | None = None) -> claims.Claim:
    """Claim a stage's work (its digest): who comes second waits, and finds it done when the first one has ended.

    `tell` hears for whom is waited; without it standard error does.
    """
    return claims.claim(f"stage {work}", f"{stage} of task {task.name}", tell=tell)


def load_result(stage: str, run_id: str) -> StageResult:
    """The stored result of a stage's run. Raises Gone when it is not there as it was stored."""
    run = runs.get(run_id)
    lost = [name for name in runs.missing(run) if name.startswith(f"{RESULT}/")]
    if lost:
        raise missing_artifacts.of_run(run, lost[0])
    with tempfile.TemporaryDirectory() as folder:
        try:
            return binding(stage).result_class().load(runs.fetch(run_id, RESULT, Path(folder)))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise missing_artifacts.of_run(run, f"{RESULT}/result.json") from error


def _round_number(run_id: str) -> str:
    return str(runs.get(run_id).data.tags.get("veritrain.round", "")) if run_id else ""


__all__ = ["CLAIMED", "MAILBOX", "RecordedStage", "begin", "claim_stage", "find_finished", "load_result"]
