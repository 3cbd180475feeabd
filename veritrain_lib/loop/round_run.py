"""A round's run in the record: opened or taken up, its stages beneath it, its summary above it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self

from veritrain_lib.core import event_log
from veritrain_lib.loop.stage_job import Done, StageWork, find_or_claim, run_together
from veritrain_lib.stage_io.history import STAGE_RUN
from veritrain_lib.tracking import datasets, run_events, runs

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task
    from veritrain_lib.execution.jobs import JobRunner
    from veritrain_lib.execution.outcome import Progress
    from veritrain_lib.stages.result import StageResult


@dataclass(frozen=True)
class Event:
    """Something to tell a person who watches: a stage begins, moves on, is done, or is waited for.

    `round` is -1 for the final comparison.
    """

    round: int
    stage: str
    kind: Literal["begin", "cell", "done", "stored", "waits"]
    text: str = ""
    progress: Progress | None = None


WORDS = {
    "begin": "begins",
    "cell": "goes on",
    "done": "is done",
    "stored": "was done before",
    "waits": "waits",
}

STOPPED = "stopped"
"""Why a round that was asked for by itself ended KILLED."""


class RoundRun:
    """Context of one round. `number` None is the final comparison, which is no round of its own.

    The run ends FINISHED, or FAILED with the reason when a stage did not finish, or KILLED on an interrupt. What
    happens is told to `tell`, and to whoever follows the run's events; of a round that had ended before, and is only
    walked past, nothing new is told there.
    """

    def __init__(
        self,
        task: Task,
        loop_run: str,
        number: int | None,
        runner: JobRunner,
        tell: Callable[..., None],
        *,
        given: str = "",
    ) -> None:
        """Stand ready. `given` is a run that was opened for this round; without, it is found under the loop's or
        opened there."""
        self.task, self.loop_run, self.number = task, loop_run, number
        self._runner, self._listener = runner, tell
        self.run_id = given
        self._was_finished = False
        self._metrics: dict[str, float] = {}

    def __enter__(self) -> Self:
        if self.run_id:
            runs.take_up(self.run_id)
        else:
            self._find_or_open()
        if not self._was_finished:
            run_events.say_begun(self.run_id, f"{self._name()} begins", {"round": self._number})
        return self

    def _find_or_open(self) -> None:
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
            tags = {"veritrain.round": self._label()}
            self.run_id = runs.open_run(self.task, self._name(), kind=kind, parent=self.loop_run, tags=tags)

    def _name(self) -> str:
        if not self.loop_run:
            return "experiment"
        if self.number is None:
            return "final comparison"
        return f"round {self.number}" + (" (seed)" if self.number == 0 else "")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            if not self._was_finished:
                run_events.end(self.run_id, "FINISHED", metrics=self._metrics)
        elif isinstance(error, KeyboardInterrupt):
            again = "interrupted from outside; the same command goes on"
            run_events.end(self.run_id, "KILLED", again if self.loop_run else STOPPED)
        else:
            run_events.end(self.run_id, "FAILED", f"{type(error).__name__}: {error}".splitlines()[0])

    @property
    def _number(self) -> int:
        return -1 if self.number is None else self.number

    def _label(self) -> str:
        return "" if self.number is None else str(self.number)

    def stage(self, stage: str, **parameters: Any) -> Done:
        """Do a stage of this round, or find that it was done."""
        return self.stages((stage, parameters))[0]

    def stages(self, *wanted: tuple[str, dict[str, Any]]) -> list[Done]:
        """Do stages that do not need each other, side by side where the machine can; each, or find it done."""
        done: dict[str, Done] = {}
        given = [(stage, {"round_run": self.run_id, **own}) for stage, own in wanted]
        found = find_or_claim(self.task, given, tell=self._waits)
        works = [one for one in found if isinstance(one, StageWork)]
        for one in found:
            if isinstance(one, Done):
                self._note(done, one)
            else:
                self._tell(Event(self._number, one.stage, "begin"))

        def moved(work: StageWork, progress: Progress) -> None:
            self._tell(Event(self._number, work.stage, "cell", progress=progress))

        def ended(work: StageWork) -> None:
            if work.done is not None:
                self._note(done, work.done)

        if works:
            run_together(works, runner=self._runner, on_progress=moved, on_done=ended)
        return [done[stage] for stage, _ in wanted]

    def _waits(self, stage: str, said: str) -> None:
        self._tell(Event(self._number, stage, "waits", said))

    def _tell(self, event: Event) -> None:
        self._listener(event)
        if self._was_finished:
            return
        data: dict[str, Any] = {"stage": event.stage, "event": event.kind, "round": event.round}
        if event.progress is not None:
            at = event.progress
            data |= {"cell": at.cell, "cells": at.cells, "title": at.title_of_cell, "seconds": at.seconds}
            said = f"{event.stage}: cell {at.cell} of {at.cells}, {at.title_of_cell}"
            event_log.tell(self.run_id, "progress", said, data=data)
        else:
            event_log.tell(self.run_id, "log", f"{event.stage}: {event.text or WORDS[event.kind]}", data=data)

    def _note(self, done: dict[str, Done], one: Done) -> None:
        done[one.stage] = one
        runs.tag(self.run_id, {STAGE_RUN + one.stage: one.run_id})
        self._tell(Event(self._number, one.stage, "stored" if one.stored else "done", one.result.headline))

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
        self._metrics |= metrics
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
            if steps and self.number is not None and self.loop_run:
                runs.log(self.loop_run, metrics=metrics, step=self.number)
