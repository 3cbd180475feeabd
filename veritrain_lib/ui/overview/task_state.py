"""The state of a task as one short table, and its rounds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from veritrain_lib.stage_io import history, sources
from veritrain_lib.stage_io.annotation import read_labels
from veritrain_lib.stage_io.tasks import find_task
from veritrain_lib.tracking import datasets, looks, models, runs
from veritrain_lib.ui.overview.last_round import Trip, last_trip
from veritrain_lib.ui.overview.links import Links

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from veritrain_lib.core.task import Task
    from veritrain_lib.tracking.models import Registered

NOTHING = "none yet"


@dataclass(frozen=True)
class Overview:
    """A task's state; shows itself in a notebook.

    Attributes:
        state: columns what, value: task, champion, challenger, data, looks, people, loop, next.
        rounds: a line a round of the newest loop, as `stage_io.history` says; empty before the first.
        trip: the last round, or the last stages run by hand.
    """

    task: Task = field(repr=False)
    state: pd.DataFrame = field(repr=False)
    rounds: pd.DataFrame = field(repr=False)
    trip: Trip = field(repr=False)

    def picture(self) -> Figure:
        """The loop, with what the last round did in each box; without a round, what each stage is for."""
        from veritrain_lib.reporting.pictures import loop

        return loop(self.trip.words(self.task) or None)

    def links(self) -> Links:
        """The way to the last runs: in the MLflow UI, their executed notebooks and their pages."""
        return Links.of(self.task, self.trip)

    def _repr_html_(self) -> str:
        from veritrain_lib.reporting.html import table_html

        return table_html(self.state, f"Where {self.task.name} stands")


def overview(task: str = "") -> Overview:
    """The state of a task: a file or a name; empty means the one worked on last, else the built-in example.

    Works on an empty store. Raises UserError when there is no such task.
    """
    import pandas as pd

    found = find_task(task)
    trip = last_trip(found)
    rounds = history.rounds_of(found, trip.loop_run) if trip.loop_run else [trip.round] if trip.round else []
    state = {
        "task": f"{found.name}: {found.description}".removesuffix(": "),
        "champion": _model(found, models.by_alias(found, models.CHAMPION)),
        "challenger": _model(found, models.by_alias(found, models.CHALLENGER)),
        "data": _data(found),
        "looks": _looks(found),
        "people": _people(found),
        "loop": _loop(trip),
        "next": _next(found, trip),
    }
    lines = pd.DataFrame(list(state.items()), columns=["what", "value"])
    return Overview(found, lines, history.table(found, rounds), trip)


def _model(task: Task, known: Registered | None) -> str:
    if known is None:
        return NOTHING
    logged = runs.get(known.run_id).data.metrics if known.run_id else {}
    name = task.primary.name
    value, low, high = (logged.get(name + end) for end in ("", "_low", "_high"))
    if value is None or low is None or high is None:
        return f"{known.uri}, trained on {known.dataset or 'unknown data'}"
    return (
        f"{known.uri}, trained on {known.dataset}: development {name} {value:.3f} ({low:.3f} to {high:.3f})"
    )


def _data(task: Task) -> str:
    made = datasets.listing(task)
    if not made:
        return NOTHING
    counts = {status: sum(one.status == status for one in made) for status in ("passed", "draft", "blocked")}
    told = ", ".join(f"{count} {status}" for status, count in counts.items() if count)
    return f"{len(made)} versions ({told}); newest {made[-1].reference}, {made[-1].status}"


def _looks(task: Task) -> str:
    used = looks.used(looks.all_looks(sources.held_out_set(task)))
    return f"{used} of {task.promotion.max_looks} looks at the sealed test set used"


def _waiting(task: Task) -> int:
    return int((read_labels(task)[task.target.field].str.strip() == "").sum())


def _people(task: Task) -> str:
    waiting = _waiting(task)
    if waiting == 1:
        return "1 row waits for an answer: label.ipynb"
    return f"{waiting} rows wait for an answer: label.ipynb" if waiting else "no row waits for an answer"


def _loop(trip: Trip) -> str:
    if not trip.loop_run:
        return NOTHING
    run = runs.get(trip.loop_run)
    headline = run.data.tags.get("veritrain.headline", "")
    if run.info.status == "FINISHED" and headline:
        return headline
    reason = run.data.tags.get("veritrain.reason", "")
    return f"{run.info.status.lower()}{': ' if reason else ''}{reason}"


def _next(task: Task, trip: Trip) -> str:
    again = f"veritrain loop {task.name}"
    if _waiting(task):
        return f"answer the waiting rows, then: {again}"
    if not trip.loop_run:
        return f"the whole loop: {again}; or one stage at a time, from 01_probe.ipynb on"
    if runs.get(trip.loop_run).info.status != "FINISHED":
        return f"go on where it stopped: {again}"
    return trip.next_step() or "compare.ipynb sets the models side by side"
