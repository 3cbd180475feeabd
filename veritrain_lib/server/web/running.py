"""Running and pending runs on the home page, each with its current stage and notebook cell."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from veritrain_lib.server.web.links import age_text, duration_text, run_page
from veritrain_lib.stages import NAMES
from veritrain_lib.stages.record.history import STAGE_RUN
from veritrain_lib.tracking import event_log, runs
from veritrain_lib.tracking.listing import RunQuery, runs_page

if TYPE_CHECKING:
    from veritrain_lib.tracking.entities import Run

TOP_LEVEL_KINDS = ("round", "cell", "final", "upload", "generation", "report", "probe")
"""Kinds of runs (tag `veritrain.kind`) that the home page lists by themselves.

A pipeline stage inside a round of the improvement loop, or inside one setting of a sweep, is shown as a part of it.
"""

MAX_SHOWN = 12
"""Maximum number of runs of each status that are listed; further ones are only counted."""


@dataclass(frozen=True)
class StageStep:
    """One pipeline stage of a running round of the improvement loop; its state is `done`, `now` or `todo`."""

    name: str
    state: str


@dataclass(frozen=True)
class RunItem:
    """Running or pending run on the home page.

    Attributes:
        name: Name of the run.
        task: Name of the task.
        kind: Kind of the run, such as `round`.
        href: URL of the run in MLflow's UI.
        run_id: Id of the run.
        since: Duration of a running run, or age of a pending one, in words.
        stage: Current stage; empty if it is not known.
        cell: Number of the current cell of the stage's notebook; 0 if it is not known.
        cells: Number of cells of that notebook; 0 if it is not known.
        title: Title of the current cell; empty if it has none.
        steps: Stages of a running round; empty for other runs.
        owner_ended: Whether the process that worked on the run has ended without closing it.
    """

    name: str
    task: str
    kind: str
    href: str
    run_id: str
    since: str
    stage: str = ""
    cell: int = 0
    cells: int = 0
    title: str = ""
    steps: tuple[StageStep, ...] = ()
    owner_ended: bool = False


@dataclass(frozen=True)
class ActiveRuns:
    """Running and pending runs on the home page.

    Attributes:
        running: The newest running runs, which the page lists.
        pending: The newest pending runs, which the page lists.
        running_total: Number of all running runs.
        pending_total: Number of all pending runs.
    """

    running: list[RunItem] = field(default_factory=list)
    pending: list[RunItem] = field(default_factory=list)
    running_total: int = 0
    pending_total: int = 0

    @property
    def key(self) -> str:
        """Return a text that changes when a run begins or ends, by which an open page sees that it is out of date."""
        ids = [item.run_id for item in (*self.running, *self.pending)]
        return f"{self.running_total}-{self.pending_total}-{'-'.join(item[:6] for item in ids)}"


def active_runs() -> ActiveRuns:
    """Return the running and pending runs for the home page, with the progress that their events state."""
    running, running_total = _runs_with_status("RUNNING")
    pending, pending_total = _runs_with_status("SCHEDULED")
    stages = _stages_of(running)
    return ActiveRuns(
        [_run_item(run, stages) for run in running],
        [_run_item(run, {}) for run in pending],
        running_total,
        pending_total,
    )


def _runs_with_status(status: str) -> tuple[list[Run], int]:
    """Return the newest runs of an MLflow status that are listed, and the number of all."""
    return runs_page(RunQuery(tags={"veritrain.kind": TOP_LEVEL_KINDS}, statuses=[status]), limit=MAX_SHOWN)


def _stages_of(rounds: list[Run]) -> dict[str, str]:
    """Return the stage that is running in each round of the improvement loop, by the round's run id.

    It is used for rounds that have no progress events.
    """
    if not rounds:
        return {}
    parents = [run.info.run_id for run in rounds]
    tags: dict[str, list[str]] = {"veritrain.kind": ["stage"], "mlflow.parentRunId": parents}
    stage_runs, _ = runs_page(RunQuery(tags=tags, statuses=["RUNNING"]), limit=MAX_SHOWN * 2)
    return {
        run.data.tags["mlflow.parentRunId"]: run.data.tags.get("veritrain.stage", "") for run in stage_runs
    }


def _run_item(run: Run, stages: Mapping[str, str]) -> RunItem:
    """Return a run as an item of the home page.

    Args:
        run: MLflow run.
        stages: Running stages by the id of their round's run.
    """
    tags, info = run.data.tags, run.info
    running = info.status == "RUNNING"
    progress = last_progress(info.run_id) if running else {}
    stage = str(progress.get("stage") or stages.get(info.run_id, ""))
    elapsed = time.time() - (info.start_time or 0) / 1000
    owner = tags.get(runs.OWNER_TAG, "")
    return RunItem(
        name=info.run_name,
        task=tags.get("veritrain.task", ""),
        kind=tags.get("veritrain.kind", ""),
        href=run_page(run),
        run_id=info.run_id,
        since=duration_text(elapsed) if running else age_text(info.start_time),
        stage=stage,
        cell=_count(progress.get("cell")),
        cells=_count(progress.get("cells")),
        title=str(progress.get("title") or ""),
        steps=_steps(tags, stage) if running and tags.get("veritrain.kind") == "round" else (),
        owner_ended=running and bool(owner) and runs.is_alive(owner) is False,
    )


def _steps(tags: Mapping[str, str], stage: str) -> tuple[StageStep, ...]:
    """Return the state of each pipeline stage of a running round of the improvement loop.

    A round that the API started on its own begins with the training, since its data has passed the quality gate
    already.
    """
    is_standalone = (
        "mlflow.parentRunId" not in tags
    )  # requested by the API, on data that has passed the gate already
    names = NAMES[NAMES.index("train") :] if is_standalone else NAMES
    return tuple(
        StageStep(name, "now" if name == stage else "done" if STAGE_RUN + name in tags else "todo")
        for name in names
    )


def _count(value: Any) -> int:
    """Return a count from an event if it is a whole number from 0, otherwise 0."""
    return value if isinstance(value, int) and value >= 0 else 0


def last_progress(run_id: str) -> dict[str, Any]:
    """Return the data of a run's newest progress event; an empty dict if it has none."""
    event = event_log.latest(run_id, "progress")
    return dict(event.data) if event else {}
