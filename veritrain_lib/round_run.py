"""A round's run in the record: opened or taken up, its stages beneath it, its summary above it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self

from veritrain_lib.recorded.history import STAGE_RUN
from veritrain_lib.stage_job import Done, find_done, run_stage
from veritrain_lib.tracking import datasets, runs

if TYPE_CHECKING:
    from veritrain_lib.execution.jobs import JobRunner
    from veritrain_lib.execution.outcome import Progress
    from veritrain_lib.stages.result import StageResult
    from veritrain_lib.task import Task


@dataclass(frozen=True)
class Event:
    """Something to tell a person who watches: a stage begins, moves on, or is done.

    `round` is -1 for the final comparison.
    """

    round: int
    stage: str
    kind: Literal["begin", "cell", "done", "stored"]
    text: str = ""
    progress: Progress | None = None


class RoundRun:
    """Context of one round. `number` None is the final comparison, which is no round of its own.

    The run ends FINISHED, or FAILED with the reason when a stage did not finish, or KILLED on an interrupt.
    """

    def __init__(
        self,
        task: Task,
        loop_run: str,
        number: int | None,
        runner: JobRunner | None,
        tell: Callable[..., None],
    ) -> None:
        self.task, self.loop_run, self.number = task, loop_run, number
        self._runner, self._tell = runner, tell
        self.run_id = ""
        self._was_finished = False

    def __enter__(self) -> Self:
        kind = "final" if self.number is None else "round"
        known = [
            one
            for one in runs.children(self.task, self.loop_run)
            if one.data.tags.get("veritrain.kind") == kind
            and one.data.tags.get("veritrain.round", "") == self._label()
        ]
        if known:
            self.run_id = known[0].info.run_id
            self._was_finished = (
                known[0].info.status == "FINISHED"
                and known[0].data.tags.get("veritrain.outcome") != "waiting"
            )
            if not self._was_finished:
                runs.take_up(self.run_id)
        else:
            name = (
                "final comparison"
                if self.number is None
                else f"round {self.number}" + (" (seed)" if self.number == 0 else "")
            )
            self.run_id = runs.open_run(
                self.task, name, kind=kind, parent=self.loop_run, tags={"veritrain.round": self._label()}
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            if not self._was_finished:
                runs.end_run(self.run_id, "FINISHED")
        elif isinstance(error, KeyboardInterrupt):
            runs.end_run(self.run_id, "KILLED", "interrupted from outside; the same command goes on")
        else:
            runs.end_run(self.run_id, "FAILED", f"{type(error).__name__}: {error}".splitlines()[0])

    def _label(self) -> str:
        return "" if self.number is None else str(self.number)

    def stage(self, stage: str, **parameters: Any) -> Done:
        """Do a stage of this round, or find that it was done."""
        number = -1 if self.number is None else self.number
        parameters = {"round_run": self.run_id, **parameters}
        done = find_done(self.task, stage, parameters)
        if done is None:
            self._tell(Event(number, stage, "begin"))

            def moved(progress: Progress) -> None:
                self._tell(Event(number, stage, "cell", progress=progress))

            done = run_stage(self.task, stage, parameters, runner=self._runner, on_progress=moved)
        runs.tag(self.run_id, {STAGE_RUN + stage: done.run_id})
        self._tell(Event(number, stage, "stored" if done.stored else "done", done.result.headline))
        return done

    def parameters(self, **given: Any) -> None:
        """Parameters on the round's run, once."""
        if not runs.get(self.run_id).data.params:
            runs.log(self.run_id, parameters=given)

    def trained_on(self, dataset: str) -> None:
        """Name the round's training data on its run, as MLflow's dataset input."""
        if not self._was_finished:
            datasets.use(self.run_id, datasets.load(self.task, dataset), "training")

    def wait(self, headline: str) -> None:
        """The round stands still until people have acted; it is taken up again later."""
        runs.tag(self.run_id, {"veritrain.outcome": "waiting", "mlflow.note.content": headline})

    def summarize(
        self,
        result: StageResult | None,
        headline: str,
        *,
        also: dict[str, float] | None = None,
        steps: bool = True,
    ) -> None:
        """Headline metrics on the round's run, and as a step of the loop's run, so that curves appear."""
        if self._was_finished:
            return
        metrics = {**(result.metrics() if result else {}), **(also or {})}
        runs.tag(
            self.run_id,
            {
                "mlflow.note.content": headline,
                "veritrain.outcome": "done",
                "veritrain.verdict": str(getattr(result, "verdict", "")),
            },
        )
        if metrics:
            runs.log(self.run_id, metrics=metrics)
            if steps and self.number is not None:
                runs.log(self.loop_run, metrics=metrics, step=self.number)
