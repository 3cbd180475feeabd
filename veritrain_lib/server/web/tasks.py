"""Each task: its champion, and its last rounds with verdict and development value."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from veritrain_lib.core.errors import UserError
from veritrain_lib.core.task import Task, load_task
from veritrain_lib.server.web.links import Link, ago, files_of, run_page
from veritrain_lib.stage_io.history import STAGE_RUN
from veritrain_lib.stage_io.tasks import FILE_TAG, USED_TAG
from veritrain_lib.tracking import models, store
from veritrain_lib.tracking.listing import RunQuery, first_of_each_experiment, read_runs
from veritrain_lib.tracking.version_listing import aliased

if TYPE_CHECKING:
    from veritrain_lib.tracking.entities import Experiment, Run
    from veritrain_lib.tracking.version_listing import VersionItem

SHOWN = 6
"""Tasks that are shown with their rounds, those worked on last; the others are named."""

ROUNDS = 6
"""Rounds of a task that are shown."""

WORDS = {"data docs": "gate"}
"""What a file is called where the stage's name is not beside it."""

ENDED = ("FINISHED", "FAILED", "KILLED")

VERDICTS = {
    "better": "good", "not better": "plain", "inconclusive": "plain", "worse": "bad", "seed": "plain",
}  # fmt: skip
"""How a verdict looks."""


@dataclass(frozen=True)
class Value:
    """A development value with the ends of its interval, and their places on the scale that the rounds share."""

    value: float
    low: float | None = None
    high: float | None = None
    at: float = 0.0
    start: float = 0.0
    end: float = 0.0


@dataclass(frozen=True)
class RoundLine:
    """One round: how it ended, in a word and a colour, what it reached, and where to read on."""

    name: str
    href: str
    ended: str
    look: str
    value: Value | None
    gain: float | None
    when: str
    headline: str
    links: list[Link]


@dataclass(frozen=True)
class TaskCard:
    """A task with its champion (its name such as `v2`, where it is, what it reached) and its last rounds."""

    name: str
    experiment_id: str
    description: str
    href: str
    metric: str
    champion: Link | None
    champion_value: Value | None
    rounds: list[RoundLine]
    total: int
    task: Task | None = field(repr=False, default=None)


def task_cards() -> tuple[list[TaskCard], list[Link]]:
    """The tasks worked on last, and links to the others."""
    known = [one for one in store.experiments() if one.tags.get("veritrain.task")]
    known.sort(key=lambda one: (-float(one.tags.get(USED_TAG, 0)), one.name))
    champions = {item.version.name: item for item in aliased(models.CHAMPION)}
    others = [Link(f"/#/experiments/{one.experiment_id}", one.name) for one in known[SHOWN:]]
    shown = known[:SHOWN]
    # The others are shown as work under way.
    query = RunQuery(tags={"veritrain.kind": ["round"]}, statuses=ENDED)
    rounds = first_of_each_experiment(query, [one.experiment_id for one in shown], limit=ROUNDS)
    ids = [run_id for found, _ in rounds.values() for run in found for run_id in _stage_runs(run).values()]
    ids += [item.version.run_id for one in shown if (item := champions.get(one.name))]
    named = read_runs(run_id for run_id in ids if run_id)
    cards = [
        _card(one, champions.get(one.name), *rounds.get(one.experiment_id, ([], 0)), named) for one in shown
    ]
    return cards, others


def _card(
    experiment: Experiment, champion: VersionItem | None, found: list[Run], total: int, named: dict[str, Run]
) -> TaskCard:
    """Of the `found` rounds of `total`; `named` has the runs of their stages, and the one that made the champion."""
    task = _task(experiment.tags.get(FILE_TAG, ""))
    metric = task.primary.name if task else _primary(found)
    made = named.get(champion.version.run_id) if champion else None
    best = _value(made, metric) if made else None
    values = [_value(run, metric) for run in found]
    scale = _scale([one for one in (*values, best) if one])
    return TaskCard(
        name=experiment.name,
        experiment_id=experiment.experiment_id,
        description=experiment.tags.get("mlflow.note.content", ""),
        href=f"/#/experiments/{experiment.experiment_id}",
        metric=metric,
        champion=_champion(champion),
        champion_value=best,
        rounds=[
            _line(run, value and _placed(value, scale), named)
            for run, value in zip(found, values, strict=True)
        ],
        total=total,
        task=task,
    )


def _champion(known: VersionItem | None) -> Link | None:
    if known is None:
        return None
    return Link(
        f"/#/models/{known.version.name}/versions/{known.version.version}", f"v{known.version.version}"
    )


def _stage_runs(run: Run) -> dict[str, str]:
    return {stage: run.data.tags[STAGE_RUN + stage] for stage in ("report", "gate", "evaluate")
            if STAGE_RUN + stage in run.data.tags}  # fmt: skip


def _line(run: Run, value: Value | None, stages: dict[str, Run]) -> RoundLine:
    tags, info = run.data.tags, run.info
    ended, look = _ending(run)
    links: list[Link] = []
    for stage, run_id in _stage_runs(run).items():
        if run_id in stages:
            # One notebook is enough here, that of the comparison; the run's page leads to the others.
            links += [
                Link(one.href, WORDS.get(one.text, one.text))
                for one in files_of(stages[run_id], stage)
                if one.text != "notebook" or stage == "evaluate"
            ]
    return RoundLine(
        name=info.run_name,
        href=run_page(run),
        ended=ended,
        look=look,
        value=value,
        gain=run.data.metrics.get("sealed_gain"),
        when=ago(info.end_time or info.start_time),
        headline=tags.get("veritrain.reason") or tags.get("mlflow.note.content", ""),
        links=links,
    )


def _ending(run: Run) -> tuple[str, str]:
    """In a word, and how that looks: good, bad, plain, busy."""
    tags, status = run.data.tags, run.info.status
    if status != "FINISHED":
        return status.lower(), "bad"
    if tags.get("veritrain.outcome") == "waiting":
        return "waits for people", "busy"
    verdict = tags.get("veritrain.verdict", "")
    if not verdict and tags.get("veritrain.round") == "0":
        verdict = "seed"
    if not verdict:
        # It compared nothing: the gate blocked its data, the teacher had no row left, or there was no money.
        stopped = STAGE_RUN + "gate" in tags and STAGE_RUN + "train" not in tags
        return ("blocked", "bad") if stopped else ("ended early", "plain")
    return verdict, VERDICTS.get(verdict, "plain")


def _primary(found: list[Run]) -> str:
    """The primary metric by what an evaluation logged, where the task's file is gone."""
    for run in found:
        for name in run.data.metrics:
            if name.startswith("gain_") and not name.endswith(("_low", "_high")):
                return name.removeprefix("gain_")
    return ""


def _value(run: Run, metric: str) -> Value | None:
    logged = run.data.metrics
    if not metric or metric not in logged or logged[metric] != logged[metric]:
        return None
    return Value(logged[metric], logged.get(f"{metric}_low"), logged.get(f"{metric}_high"))


def _scale(values: list[Value]) -> tuple[float, float]:
    ends = [end for one in values for end in (one.value, one.low, one.high) if end is not None]
    return (min(ends), max(ends)) if ends else (0.0, 1.0)


def _placed(one: Value, scale: tuple[float, float]) -> Value:
    """With places between 0 and 100."""
    low, high = scale
    wide = (high - low) or 1.0

    def at(value: float | None) -> float:
        return round(100 * ((one.value if value is None else value) - low) / wide, 1)

    return Value(one.value, one.low, one.high, at(one.value), at(one.low), at(one.high))


def _task(file: str) -> Task | None:
    """The task of a file; None when it is gone or can't be read any more."""
    try:
        return _loaded(file, Path(file).stat().st_mtime_ns) if file else None
    except (OSError, UserError):
        return None


@lru_cache(maxsize=64)
def _loaded(file: str, changed: int) -> Task:
    return load_task(file)
