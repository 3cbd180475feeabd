"""What runs now, with stage and cell, and what waits to be started."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from veritrain_lib.core import event_log
from veritrain_lib.server.web.links import ago, lasted, run_page
from veritrain_lib.stage_io.history import STAGE_RUN
from veritrain_lib.stages import NAMES
from veritrain_lib.tracking import runs
from veritrain_lib.tracking.listing import RunQuery, runs_page

if TYPE_CHECKING:
    from veritrain_lib.tracking.entities import Run

KINDS = ("round", "final", "upload", "generation", "report", "probe")
"""Kinds of runs that are work of their own; a stage inside a round is part of it."""

SHOWN = 12
"""Pieces of work that are listed; more are counted."""


@dataclass(frozen=True)
class Step:
    """A stage of a piece of work: `done`, `now` or `todo`."""

    name: str
    state: str


@dataclass(frozen=True)
class Work:
    """One piece of work under way. `cell` of `cells` is where its notebook is; 0 when nothing is known of it."""

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
    steps: tuple[Step, ...] = ()
    gone: bool = False


@dataclass(frozen=True)
class UnderWay:
    """What runs, what waits to be started, and how many there are of each."""

    running: list[Work] = field(default_factory=list)
    pending: list[Work] = field(default_factory=list)
    running_total: int = 0
    pending_total: int = 0

    @property
    def key(self) -> str:
        """Changes when something begins or ends, so that a page knows that the rest of it is out of date."""
        ids = [one.run_id for one in (*self.running, *self.pending)]
        return f"{self.running_total}-{self.pending_total}-{'-'.join(one[:6] for one in ids)}"


def under_way() -> UnderWay:
    """Read it from the record and the event logs."""
    going, many = _of("RUNNING")
    waiting, more = _of("SCHEDULED")
    stages = _stages_of(going)
    return UnderWay([_work(run, stages) for run in going], [_work(run, {}) for run in waiting], many, more)


def _of(status: str) -> tuple[list[Run], int]:
    return runs_page(RunQuery(tags={"veritrain.kind": KINDS}, statuses=[status]), limit=SHOWN)


def _stages_of(rounds: list[Run]) -> dict[str, str]:
    """By round: the stage whose run is open, for rounds whose writer tells no events."""
    if not rounds:
        return {}
    parents = [run.info.run_id for run in rounds]
    tags: dict[str, list[str]] = {"veritrain.kind": ["stage"], "mlflow.parentRunId": parents}
    found, _ = runs_page(RunQuery(tags=tags, statuses=["RUNNING"]), limit=SHOWN * 2)
    return {run.data.tags["mlflow.parentRunId"]: run.data.tags.get("veritrain.stage", "") for run in found}


def _work(run: Run, stages: Mapping[str, str]) -> Work:
    tags, info = run.data.tags, run.info
    running = info.status == "RUNNING"
    at = last_progress(info.run_id) if running else {}
    stage = str(at.get("stage") or stages.get(info.run_id, ""))
    begun = time.time() - (info.start_time or 0) / 1000
    owner = tags.get(runs.OWNER, "")
    return Work(
        name=info.run_name,
        task=tags.get("veritrain.task", ""),
        kind=tags.get("veritrain.kind", ""),
        href=run_page(run),
        run_id=info.run_id,
        since=lasted(begun) if running else ago(info.start_time),
        stage=stage,
        cell=_whole(at.get("cell")),
        cells=_whole(at.get("cells")),
        title=str(at.get("title") or ""),
        steps=_steps(tags, stage) if running and tags.get("veritrain.kind") == "round" else (),
        gone=running and bool(owner) and runs.alive(owner) is False,
    )


def _steps(tags: Mapping[str, str], stage: str) -> tuple[Step, ...]:
    alone = "mlflow.parentRunId" not in tags  # asked for by the API: on data that has been judged already
    names = NAMES[3:] if alone else NAMES
    return tuple(
        Step(name, "now" if name == stage else "done" if STAGE_RUN + name in tags else "todo")
        for name in names
    )


def _whole(value: Any) -> int:
    return value if isinstance(value, int) and value >= 0 else 0


def last_progress(run_id: str) -> dict[str, Any]:
    """What the newest line on a run's progress says; empty when there is none in the last lines."""
    try:
        with event_log.place(run_id).open("rb") as there:
            size = there.seek(0, 2)
            there.seek(max(size - event_log.TAIL, 0))
            lines = there.read().split(b"\n")
    except (OSError, ValueError):
        return {}
    for line in reversed(lines):
        if b'"kind": "progress"' in line:
            try:
                said = json.loads(line)
            except ValueError:
                continue  # half a line: still being written, or the beginning was cut off
            return dict(said.get("data") or {})
    return {}
