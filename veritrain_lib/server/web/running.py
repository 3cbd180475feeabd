"""Running and pending runs, with their stage and notebook cell."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from veritrain_lib.core import event_log
from veritrain_lib.server.web.links import age_text, duration_text, run_page
from veritrain_lib.stages import NAMES
from veritrain_lib.stages.record.history import STAGE_RUN
from veritrain_lib.tracking import runs
from veritrain_lib.tracking.listing import RunQuery, runs_page

if TYPE_CHECKING:
    from veritrain_lib.tracking.entities import Run

TOP_LEVEL_KINDS = ("round", "final", "upload", "generation", "report", "probe")
"""Kinds of runs that are listed; a stage inside a round is shown as part of it."""

MAX_SHOWN = 12
"""Runs that are listed; more are counted."""


@dataclass(frozen=True)
class StageStep:
    """Stage of a round: `done`, `now` or `todo`."""

    name: str
    state: str


@dataclass(frozen=True)
class RunItem:
    """A run as the page lists it.

    Attributes:
        cell: Current cell of its notebook; 0 if unknown.
        cells: Number of cells of its notebook; 0 if unknown.
        owner_ended: Whether the process that worked on it has ended.
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
    """Running and pending runs that are listed, and the number of each."""

    running: list[RunItem] = field(default_factory=list)
    pending: list[RunItem] = field(default_factory=list)
    running_total: int = 0
    pending_total: int = 0

    @property
    def key(self) -> str:
        """Return a text that changes when a run begins or ends, so that a page knows it is out of date."""
        ids = [item.run_id for item in (*self.running, *self.pending)]
        return f"{self.running_total}-{self.pending_total}-{'-'.join(item[:6] for item in ids)}"


def active_runs() -> ActiveRuns:
    """Return the active runs from the record and the event logs."""
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
    return runs_page(RunQuery(tags={"veritrain.kind": TOP_LEVEL_KINDS}, statuses=[status]), limit=MAX_SHOWN)


def _stages_of(rounds: list[Run]) -> dict[str, str]:
    """Return the running stage of each round, for rounds that write no events."""
    if not rounds:
        return {}
    parents = [run.info.run_id for run in rounds]
    tags: dict[str, list[str]] = {"veritrain.kind": ["stage"], "mlflow.parentRunId": parents}
    stage_runs, _ = runs_page(RunQuery(tags=tags, statuses=["RUNNING"]), limit=MAX_SHOWN * 2)
    return {
        run.data.tags["mlflow.parentRunId"]: run.data.tags.get("veritrain.stage", "") for run in stage_runs
    }


def _run_item(run: Run, stages: Mapping[str, str]) -> RunItem:
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
    is_standalone = (
        "mlflow.parentRunId" not in tags
    )  # requested by the API, on data that has passed the gate already
    names = NAMES[NAMES.index("train") :] if is_standalone else NAMES
    return tuple(
        StageStep(name, "now" if name == stage else "done" if STAGE_RUN + name in tags else "todo")
        for name in names
    )


def _count(value: Any) -> int:
    return value if isinstance(value, int) and value >= 0 else 0


def last_progress(run_id: str) -> dict[str, Any]:
    """Return the newest progress event of a run; empty if there is none in the last lines."""
    try:
        with event_log.log_path(run_id).open("rb") as log_file:
            size = log_file.seek(0, 2)
            log_file.seek(max(size - event_log.TAIL_BYTES, 0))
            lines = log_file.read().split(b"\n")
    except (OSError, ValueError):
        return {}
    for line in reversed(lines):
        if b'"kind": "progress"' in line:
            try:
                event = json.loads(line)
            except ValueError:
                continue  # half a line: still being written, or cut off at its beginning
            return dict(event.get("data") or {})
    return {}
