"""`RoundRun`: the MLflow run of one round, as a context manager that opens or resumes it and runs the round's stages.

Open this to see the events that the terminal and the server show while a round runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self

from veritrain_lib.execution.workers.remote_runner import RemoteRunner
from veritrain_lib.loop.stage_job import CompletedStage, StageJob, find_or_claim, run_together
from veritrain_lib.stages.record.history import STAGE_RUN
from veritrain_lib.tracking import datasets, event_log, run_events, runs

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task
    from veritrain_lib.execution.jobs import JobRunner
    from veritrain_lib.execution.outcome import NotebookProgress
    from veritrain_lib.stages.stage_result import StageResult


@dataclass(frozen=True)
class Event:
    """Event of a round, for people who follow it: a stage begins, runs its next cell, is done, or waits.

    Attributes:
        round: The round's number; -1 for the final comparison.
        stage: The stage's name; `loop` for the loop itself.
        kind: The kind of event. `stored` means that the stage was done before.
        text: A message for people; empty for some kinds.
        progress: The cell that runs now, for the kind `cell`; else None.
    """

    round: int
    stage: str
    kind: Literal["begin", "cell", "done", "stored", "waits"]
    text: str = ""
    progress: NotebookProgress | None = None


EVENT_PHRASES = {
    "begin": "begins",
    "cell": "goes on",
    "done": "is done",
    "stored": "was done before",
    "waits": "waits",
}

STOPPED = "stopped"
"""Reason that is stored in MLflow when an experiment is stopped and ends as KILLED."""


class RoundRun:
    """Context manager for the MLflow run of a round, of the final comparison (`number` None), or of an experiment.

    The run ends FINISHED; FAILED with the reason if a stage does not finish; KILLED on an interrupt. Events go to the
    callback `tell`, and into the run's own events for people who follow it. A round that had ended before, and that a
    resumed loop only passes through, gets no further events.
    """

    def __init__(
        self,
        task: Task,
        loop_run: str,
        number: int | None,
        runner: JobRunner | RemoteRunner,
        tell: Callable[..., None],
        *,
        run_id: str = "",
    ) -> None:
        """Prepare the context manager. The MLflow run is opened or found when the context is entered.

        Args:
            task: The task.
            loop_run: The id of the loop's MLflow run; empty for an experiment.
            number: The round's number, 0 for the seed model; None for the final comparison.
            runner: The runner of the stage notebooks.
            tell: Function that is called with each `Event`.
            run_id: The id of a run that was opened for this round; empty to find it under the loop's run, or open it
                there.
        """
        self.task, self.loop_run, self.number = task, loop_run, number
        self._runner, self._listener = runner, tell
        self.run_id = run_id
        self._was_finished = False
        self._metrics: dict[str, float] = {}

    def __enter__(self) -> Self:
        if self.run_id:
            runs.resume(self.run_id)
        else:
            self._find_or_open()
        if not self._was_finished:
            run_events.emit_start(self.run_id, f"{self._name()} begins", {"round": self._number})
        return self

    def _find_or_open(self) -> None:
        kind = "final" if self.number is None else "round"
        matches = [
            child
            for child in runs.children(self.task, self.loop_run)
            if child.data.tags.get("veritrain.kind") == kind
            and child.data.tags.get("veritrain.round", "") == self._label()
        ]
        if matches:
            self.run_id = matches[0].info.run_id
            self._was_finished = (
                matches[0].info.status == "FINISHED"
                and matches[0].data.tags.get("veritrain.outcome") != "waiting"
            )
            if not self._was_finished:
                runs.resume(self.run_id)
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
                run_events.end_run(self.run_id, "FINISHED", metrics=self._metrics)
        elif isinstance(error, KeyboardInterrupt):
            again = "interrupted from outside; the same command goes on"
            run_events.end_run(self.run_id, "KILLED", again if self.loop_run else STOPPED)
        else:
            run_events.end_run(self.run_id, "FAILED", f"{type(error).__name__}: {error}".splitlines()[0])

    @property
    def _number(self) -> int:
        return -1 if self.number is None else self.number

    def _label(self) -> str:
        return "" if self.number is None else str(self.number)

    def stage(self, stage: str, **parameters: Any) -> CompletedStage:
        """Run one stage of this round, or load it if the same work was done before.

        Args:
            stage: The stage's name.
            **parameters: The stage's parameters.

        Returns:
            The completed stage.

        Raises:
            StageFailed: when the stage's notebook does not finish.
        """
        return self.stages((stage, parameters))[0]

    def stages(self, *requested: tuple[str, dict[str, Any]]) -> list[CompletedStage]:
        """Run stages that do not depend on each other, in parallel if the machine allows, or load those done before.

        Args:
            requested: Name and parameters of each stage.

        Returns:
            The completed stages, in the order requested.

        Raises:
            StageFailed: for the first stage whose notebook does not finish, after all have ended.
        """
        done: dict[str, CompletedStage] = {}
        with_round = [(stage, {"round_run": self.run_id, **parameters}) for stage, parameters in requested]
        if isinstance(self._runner, RemoteRunner):
            return self._on_workers(self._runner, with_round)
        found = find_or_claim(self.task, with_round, tell=self._waits)
        jobs = [stage for stage in found if isinstance(stage, StageJob)]
        for stage in found:
            if isinstance(stage, CompletedStage):
                self._note(done, stage)
            else:
                self._tell(Event(self._number, stage.stage, "begin"))

        def on_progress(job: StageJob, progress: NotebookProgress) -> None:
            self._tell(Event(self._number, job.stage, "cell", progress=progress))

        def on_done(job: StageJob) -> None:
            if job.done is not None:
                self._note(done, job.done)

        if jobs:
            run_together(jobs, runner=self._runner, on_progress=on_progress, on_done=on_done)
        return [done[name] for name, _ in requested]

    def _on_workers(
        self, runner: RemoteRunner, requested: Sequence[tuple[str, Mapping[str, Any]]]
    ) -> list[CompletedStage]:
        """Run stages on Celery workers of other machines; arguments and return value are those of `stages`."""
        from veritrain_lib.loop.remote_stages import run_remotely

        completed = run_remotely(
            self.task,
            requested,
            runner,
            on_begin=lambda stage: self._tell(Event(self._number, stage, "begin")),
            on_progress=lambda stage, progress: self._tell(
                Event(self._number, stage, "cell", progress=progress)
            ),
            on_wait=self._waits,
            on_sent=lambda message: runs.tag(self.run_id, {runs.CELERY_TAG: message}),
        )
        for stage in completed:
            self._note({}, stage)
        return completed

    def _waits(self, stage: str, message: str) -> None:
        self._tell(Event(self._number, stage, "waits", message))

    def _tell(self, event: Event) -> None:
        self._listener(event)
        if self._was_finished:
            return
        data: dict[str, Any] = {"stage": event.stage, "event": event.kind, "round": event.round}
        if event.progress is not None:
            progress = event.progress
            data |= {
                "cell": progress.cell,
                "cells": progress.cells,
                "title": progress.title_of_cell,
                "seconds": progress.seconds,
            }
            message = f"{event.stage}: cell {progress.cell} of {progress.cells}, {progress.title_of_cell}"
            event_log.append(self.run_id, "progress", message, data=data)
        else:
            event_log.append(
                self.run_id, "log", f"{event.stage}: {event.text or EVENT_PHRASES[event.kind]}", data=data
            )

    def _note(self, done: dict[str, CompletedStage], completed: CompletedStage) -> None:
        done[completed.stage] = completed
        runs.tag(self.run_id, {STAGE_RUN + completed.stage: completed.run_id})
        self._tell(
            Event(
                self._number,
                completed.stage,
                "stored" if completed.stored else "done",
                completed.result.headline,
            )
        )

    def log_parameters(self, **parameters: Any) -> None:
        """Log parameters on the round's MLflow run, unless it has parameters already."""
        if not runs.get(self.run_id).data.params:
            runs.log(self.run_id, parameters=parameters)

    def log_training_data(self, dataset: str) -> None:
        """Log the dataset `NAME@VERSION` on the round's MLflow run, as the round's training data."""
        if not self._was_finished:
            datasets.log_input(self.run_id, datasets.load(self.task, dataset), "training")

    def mark_waiting(self, headline: str) -> None:
        """Mark the round's MLflow run as waiting for people's answers; a later call of the loop resumes it."""
        runs.tag(self.run_id, {"veritrain.outcome": "waiting", "mlflow.note.content": headline})

    def summarize(
        self,
        result: StageResult | None,
        headline: str,
        *,
        extra_metrics: dict[str, float] | None = None,
        steps: bool = True,
    ) -> None:
        """Log the round's headline and metrics on its MLflow run, and the metrics as a step of the loop's run.

        From these steps MLflow draws curves over the rounds.

        Args:
            result: The stage result whose metrics are logged; None for no metrics.
            headline: One sentence that tells people the round's outcome.
            extra_metrics: Further metrics, by name.
            steps: Whether to log the metrics on the loop's run too.
        """
        if self._was_finished:
            return
        metrics = {**(result.metrics() if result else {}), **(extra_metrics or {})}
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
