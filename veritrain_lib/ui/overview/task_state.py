"""Overview of a task: a short table of its state, the rounds of its newest loop, and links to its last runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from veritrain_lib.stages.generate.annotation import read_labels
from veritrain_lib.stages.inputs import sources
from veritrain_lib.stages.inputs.tasks import find_task
from veritrain_lib.stages.record import history
from veritrain_lib.tracking import datasets, looks, models, runs
from veritrain_lib.ui.overview.last_round import LastRound, find_last_round
from veritrain_lib.ui.overview.links import RunLinks

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from veritrain_lib.core.task import Task
    from veritrain_lib.tracking.models import RegisteredVersion

NOTHING = "none yet"
"""Text for a part of the overview that does not exist yet."""


@dataclass(frozen=True)
class TaskOverview:
    """State of a task; in a notebook it displays itself as a table.

    Attributes:
        task: The task.
        state: Table with the columns `what` and `value`, and one row each for task, champion, challenger, data, looks
            (used evaluations on the held-out test set), people (rows that wait for an answer), loop, and next step.
        rounds: Table of the rounds of the newest loop; empty before the first round.
        last_round: The last round; without a loop, the newest stages that were run by hand.
    """

    task: Task = field(repr=False)
    state: pd.DataFrame = field(repr=False)
    rounds: pd.DataFrame = field(repr=False)
    last_round: LastRound = field(repr=False)

    def picture(self) -> Figure:
        """Return a diagram of the improvement loop with the results of the last round.

        If no stage has run, it shows the purpose of each stage instead.
        """
        from veritrain_lib.reporting.pictures import loop

        return loop(self.last_round.box_texts(self.task) or None)

    def links(self) -> RunLinks:
        """Return links to the task's last runs: MLflow pages, executed notebooks and reports."""
        return RunLinks.of(self.task, self.last_round)

    def _repr_html_(self) -> str:
        from veritrain_lib.reporting.html import table_html

        return table_html(self.state, f"State of task {self.task.name}")


def overview(task: str = "") -> TaskOverview:
    """Return the state of a task. It also works before anything has been run.

    Args:
        task: Path or name of a task; empty for the last used task, or the built-in example if there is none.

    Raises:
        UserError: There is no such task.
    """
    import pandas as pd

    found_task = find_task(task)
    last_round = find_last_round(found_task)
    rounds = (
        history.loop_rounds(found_task, last_round.loop_run)
        if last_round.loop_run
        else [last_round.round]
        if last_round.round
        else []
    )
    state = {
        "task": f"{found_task.name}: {found_task.description}".removesuffix(": "),
        "champion": _model(found_task, models.by_alias(found_task, models.CHAMPION)),
        "challenger": _model(found_task, models.by_alias(found_task, models.CHALLENGER)),
        "data": _data(found_task),
        "looks": _looks(found_task),
        "people": _people(found_task),
        "loop": _loop(last_round),
        "next": _next(found_task, last_round),
    }
    table = pd.DataFrame(list(state.items()), columns=["what", "value"])
    return TaskOverview(found_task, table, history.table(found_task, rounds), last_round)


def _model(task: Task, model: RegisteredVersion | None) -> str:
    """Return a model's URI, its dataset and its primary metric on development rows as text; `none yet` for None."""
    if model is None:
        return NOTHING
    logged = runs.get(model.run_id).data.metrics if model.run_id else {}
    name = task.primary.name
    value, low, high = (logged.get(name + end) for end in ("", "_low", "_high"))
    if value is None or low is None or high is None:
        return f"{model.uri}, trained on {model.dataset or 'unknown data'}"
    return (
        f"{model.uri}, trained on {model.dataset}: development {name} {value:.3f} ({low:.3f} to {high:.3f})"
    )


def _data(task: Task) -> str:
    """Return the number of a task's datasets by status, and the newest one, as text."""
    versions = datasets.listing(task)
    if not versions:
        return NOTHING
    counts = {
        status: sum(version.status == status for version in versions)
        for status in ("passed", "draft", "blocked")
    }
    summary = ", ".join(f"{count} {status}" for status, count in counts.items() if count)
    return f"{len(versions)} versions ({summary}); newest {versions[-1].reference}, {versions[-1].status}"


def _looks(task: Task) -> str:
    """Return how many of the allowed looks (evaluations on the held-out test set) are used, as text."""
    used = looks.looks_spent(looks.list_looks(sources.held_out_set(task)))
    return f"{used} of {task.promotion.max_looks} looks at the held-out test set used"


def _waiting(task: Task) -> int:
    """Return the number of rows that wait for a person's answer."""
    return int((read_labels(task)[task.target.field].str.strip() == "").sum())


def _people(task: Task) -> str:
    """Return the number of rows that wait for a person's answer, as text."""
    waiting = _waiting(task)
    if waiting == 1:
        return "1 row is waiting for an answer: label.ipynb"
    return (
        f"{waiting} rows are waiting for an answer: label.ipynb"
        if waiting
        else "no row is waiting for an answer"
    )


def _loop(last_round: LastRound) -> str:
    """Return the headline of the last loop, or its status with the reason, as text."""
    if not last_round.loop_run:
        return NOTHING
    run = runs.get(last_round.loop_run)
    headline = run.data.tags.get("veritrain.headline", "")
    if run.info.status == "FINISHED" and headline:
        return headline
    reason = run.data.tags.get("veritrain.reason", "")
    return f"{run.info.status.lower()}{': ' if reason else ''}{reason}"


def _next(task: Task, last_round: LastRound) -> str:
    """Return a sentence that names the next command or step for a task, by fixed rules, the most urgent first."""
    command = f"veritrain loop {task.name}"
    if _waiting(task):
        return f"answer the waiting rows, then: {command}"
    if not last_round.loop_run:
        return f"run the full loop: {command}; or one stage at a time, from 01_probe.ipynb on"
    if runs.get(last_round.loop_run).info.status != "FINISHED":
        return f"resume the loop where it stopped: {command}"
    return last_round.next_step() or "compare.ipynb shows the models side by side"
