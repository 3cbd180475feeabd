"""Tasks on the home page, each with its champion (best model so far) and its last rounds of the improvement loop."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from veritrain_lib.server.tasks import task_of_experiment
from veritrain_lib.server.web.links import PageLink, age_text, file_links, run_page
from veritrain_lib.stages.inputs.tasks import USED_TAG
from veritrain_lib.stages.record.history import STAGE_RUN
from veritrain_lib.tracking import models, store
from veritrain_lib.tracking.listing import RunQuery, first_of_each_experiment, read_runs
from veritrain_lib.tracking.version_listing import versions_with_alias

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task
    from veritrain_lib.tracking.entities import Experiment, Run
    from veritrain_lib.tracking.version_listing import VersionItem

MAX_TASKS = 6
"""Maximum number of tasks that the home page shows with their rounds, last used first; others are listed by name."""

MAX_ROUNDS = 6
"""Maximum number of rounds of the improvement loop that are shown for a task."""

LINK_TEXTS = {"data docs": "gate"}
"""Text of a link to a file in the list of rounds, where it differs from the text in `links.STAGE_FILES`."""

ENDED_STATUSES = ("FINISHED", "FAILED", "KILLED")
"""Statuses of MLflow runs that have ended."""

VERDICT_STYLES = {
    "better": "good", "not better": "plain", "inconclusive": "plain", "worse": "bad", "seed": "plain",
}  # fmt: skip
"""CSS class of the badge of each verdict."""


@dataclass(frozen=True)
class IntervalValue:
    """Value of the primary metric on development rows, with its confidence interval.

    Attributes:
        value: The value.
        low: Lower end of the interval; None if it is not known.
        high: Upper end of the interval; None if it is not known.
        position: Position of the value on the drawn scale, from 0 to 100.
        start: Position of the lower end on that scale.
        end: Position of the upper end on that scale.
    """

    value: float
    low: float | None = None
    high: float | None = None
    position: float = 0.0
    start: float = 0.0
    end: float = 0.0


@dataclass(frozen=True)
class RoundRow:
    """One round of the improvement loop, as a row of a task on the home page.

    Attributes:
        name: Name of the round.
        href: URL of its run in MLflow's UI.
        outcome: Outcome in a word, such as `better` or `blocked`.
        style: CSS class of the outcome's badge.
        value: Primary metric of the new model on development rows; None if there is none.
        gain: Gain of the new model over the champion on the held-out test set; None if it was not measured there.
        when: How long ago the round ended, in words.
        headline: One sentence on the result of the round, or the reason why it failed.
        links: Links to the report and other files of the round.
    """

    name: str
    href: str
    outcome: str
    style: str
    value: IntervalValue | None
    gain: float | None
    when: str
    headline: str
    links: list[PageLink]


@dataclass(frozen=True)
class TaskCard:
    """One task on the home page, with its champion and its last rounds of the improvement loop.

    Attributes:
        name: Name of the task.
        experiment_id: Id of its MLflow experiment.
        description: Description of the task.
        href: URL of the experiment in MLflow's UI.
        metric: Name of the primary metric; empty if it is not known.
        champion: Link to the version of the champion, such as `v2`; None if there is no champion.
        champion_value: Primary metric of the champion on development rows; None if it is not known.
        rounds: The last rounds, newest first.
        total: Number of all ended rounds.
        task: The task; None if its file can't be read.
    """

    name: str
    experiment_id: str
    description: str
    href: str
    metric: str
    champion: PageLink | None
    champion_value: IntervalValue | None
    rounds: list[RoundRow]
    total: int
    task: Task | None = field(repr=False, default=None)


def task_cards() -> tuple[list[TaskCard], list[PageLink]]:
    """Return a card for each of the last used tasks (at most `MAX_TASKS`), and links to the other tasks."""
    experiments = [experiment for experiment in store.experiments() if experiment.tags.get("veritrain.task")]
    experiments.sort(key=lambda experiment: (-float(experiment.tags.get(USED_TAG, 0)), experiment.name))
    champions = {item.version.name: item for item in versions_with_alias(models.CHAMPION)}
    others = [
        PageLink(f"/#/experiments/{experiment.experiment_id}", experiment.name)
        for experiment in experiments[MAX_TASKS:]
    ]
    shown = experiments[:MAX_TASKS]
    # Other runs are shown as running or pending.
    query = RunQuery(tags={"veritrain.kind": ["round"]}, statuses=ENDED_STATUSES)
    rounds = first_of_each_experiment(
        query, [experiment.experiment_id for experiment in shown], limit=MAX_ROUNDS
    )
    ids = [
        run_id
        for round_runs, _ in rounds.values()
        for run in round_runs
        for run_id in _stage_runs(run).values()
    ]
    ids += [item.version.run_id for experiment in shown if (item := champions.get(experiment.name))]
    stage_runs = read_runs(run_id for run_id in ids if run_id)
    cards = [
        _task_card(
            experiment,
            champions.get(experiment.name),
            *rounds.get(experiment.experiment_id, ([], 0)),
            stage_runs,
        )
        for experiment in shown
    ]
    return cards, others


def _task_card(
    experiment: Experiment,
    champion: VersionItem | None,
    round_runs: list[Run],
    total: int,
    stage_runs: dict[str, Run],
) -> TaskCard:
    """Return one task for the home page.

    Args:
        experiment: MLflow experiment of the task.
        champion: Model version with the alias `champion`; None if there is none.
        round_runs: MLflow runs of the last rounds.
        total: Number of all ended rounds.
        stage_runs: MLflow runs of the rounds' stages and the run that trained the champion, by id.
    """
    task = task_of_experiment(experiment)
    metric = task.primary.name if task else _logged_primary_metric(round_runs)
    champion_run = stage_runs.get(champion.version.run_id) if champion else None
    champion_value = _value(champion_run, metric) if champion_run else None
    values = [_value(run, metric) for run in round_runs]
    scale = _scale([interval for interval in (*values, champion_value) if interval])
    return TaskCard(
        name=experiment.name,
        experiment_id=experiment.experiment_id,
        description=experiment.tags.get("mlflow.note.content", ""),
        href=f"/#/experiments/{experiment.experiment_id}",
        metric=metric,
        champion=_champion_link(champion),
        champion_value=champion_value,
        rounds=[
            _round_row(run, value and _with_positions(value, scale), stage_runs)
            for run, value in zip(round_runs, values, strict=True)
        ],
        total=total,
        task=task,
    )


def _champion_link(champion: VersionItem | None) -> PageLink | None:
    """Return the link to a champion's version in MLflow's UI; None if there is no champion."""
    if champion is None:
        return None
    return PageLink(
        f"/#/models/{champion.version.name}/versions/{champion.version.version}",
        f"v{champion.version.version}",
    )


def _stage_runs(run: Run) -> dict[str, str]:
    """Return the ids of the report, gate and evaluation runs of a round of the improvement loop, by stage.

    A stage that the round has not run is left out.
    """
    return {stage: run.data.tags[STAGE_RUN + stage] for stage in ("report", "gate", "evaluate")
            if STAGE_RUN + stage in run.data.tags}  # fmt: skip


def _round_row(run: Run, value: IntervalValue | None, stage_runs: dict[str, Run]) -> RoundRow:
    """Return one round of the improvement loop as a row of its task on the home page.

    Args:
        run: MLflow run of the round.
        value: Value of the new model on development rows; None if there is none.
        stage_runs: MLflow runs of the rounds' stages, by id.
    """
    tags, info = run.data.tags, run.info
    outcome, style = _outcome(run)
    links: list[PageLink] = []
    for stage, run_id in _stage_runs(run).items():
        if run_id in stage_runs:
            # Only the notebook of the evaluation is linked; the run's page links the others.
            links += [
                PageLink(link.href, LINK_TEXTS.get(link.text, link.text))
                for link in file_links(stage_runs[run_id], stage)
                if link.text != "notebook" or stage == "evaluate"
            ]
    return RoundRow(
        name=info.run_name,
        href=run_page(run),
        outcome=outcome,
        style=style,
        value=value,
        gain=run.data.metrics.get("held_out_gain"),
        when=age_text(info.end_time or info.start_time),
        headline=tags.get("veritrain.reason") or tags.get("mlflow.note.content", ""),
        links=links,
    )


def _outcome(run: Run) -> tuple[str, str]:
    """Return the outcome of a round of the improvement loop in a word, and the CSS class of its badge."""
    tags, status = run.data.tags, run.info.status
    if status != "FINISHED":
        return status.lower(), "bad"
    if tags.get("veritrain.outcome") == "waiting":
        return "waits for people", "busy"
    verdict = tags.get("veritrain.verdict", "")
    if not verdict and tags.get("veritrain.round") == "0":
        verdict = "seed"
    if not verdict:
        # Nothing was compared: the gate blocked its data, the teacher had no row left, or the budget was spent.
        was_blocked = STAGE_RUN + "gate" in tags and STAGE_RUN + "train" not in tags
        return ("blocked", "bad") if was_blocked else ("ended early", "plain")
    return verdict, VERDICT_STYLES.get(verdict, "plain")


def _logged_primary_metric(round_runs: list[Run]) -> str:
    """Return the name of the primary metric that evaluations have logged, for a task whose file can't be read.

    Returns:
        An empty string if no evaluation has logged one.
    """
    for run in round_runs:
        for name in run.data.metrics:
            if name.startswith("gain_") and not name.endswith(("_low", "_high")):
                return name.removeprefix("gain_")
    return ""


def _value(run: Run, metric: str) -> IntervalValue | None:
    """Return a metric of a run with its confidence interval; None if the run does not have it."""
    metrics = run.data.metrics
    if not metric or metric not in metrics or metrics[metric] != metrics[metric]:
        return None
    return IntervalValue(metrics[metric], metrics.get(f"{metric}_low"), metrics.get(f"{metric}_high"))


def _scale(values: list[IntervalValue]) -> tuple[float, float]:
    """Return the smallest and the largest of several values and their interval ends; (0, 1) if there are none."""
    bounds = [
        bound for value in values for bound in (value.value, value.low, value.high) if bound is not None
    ]
    return (min(bounds), max(bounds)) if bounds else (0.0, 1.0)


def _with_positions(interval: IntervalValue, scale: tuple[float, float]) -> IntervalValue:
    """Return a value with its positions from 0 to 100 on a scale, which is given by its ends."""
    low, high = scale
    width = (high - low) or 1.0

    def position_of(value: float | None) -> float:
        return round(100 * ((interval.value if value is None else value) - low) / width, 1)

    return IntervalValue(
        interval.value,
        interval.low,
        interval.high,
        position_of(interval.value),
        position_of(interval.low),
        position_of(interval.high),
    )
