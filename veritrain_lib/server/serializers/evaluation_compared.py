"""Two evaluations side by side."""

from __future__ import annotations

from pydantic import Field

from veritrain_lib.server.api.casing import Answer
from veritrain_lib.server.serializers import metrics as measured
from veritrain_lib.server.serializers.evaluation import metrics_of
from veritrain_lib.server.serializers.evaluation_content import predictions_of
from veritrain_lib.tracking.entities import Run

LEVEL = 0.95


class Difference(Answer):
    """One metric of both evaluations, and the second minus the first."""

    first: float
    second: float
    difference: float


class Paired(Answer):
    """The mean difference of the rows' grades (0 to 1, by the task's primary metric), second minus first."""

    rows: int = Field(description="development rows that both answered")
    difference: float
    low: float = Field(description="lower end of the 95 % interval")
    high: float


class Comparison(Answer):
    """What differs between two evaluations."""

    first_id: str
    second_id: str
    metrics: dict[str, Difference]
    only_first: list[str]
    only_second: list[str]
    paired: Paired | None = Field(
        description="null when the two have no development rows in common or fewer than 2"
    )


def compared(first: Run, second: Run) -> Comparison:
    """The metrics that both have, and their rows paired."""
    one, other = (measured.numbers(metrics_of(run)) for run in (first, second))
    return Comparison(
        first_id=first.info.run_id,
        second_id=second.info.run_id,
        metrics={
            name: Difference(first=one[name], second=other[name], difference=other[name] - one[name])
            for name in one
            if name in other
        },
        only_first=sorted(set(one) - set(other)),
        only_second=sorted(set(other) - set(one)),
        paired=_paired(first, second),
    )


def _paired(first: Run, second: Run) -> Paired | None:
    from veritrain_lib.statistics.intervals import mean_difference_bounds

    if first.data.tags.get("veritrain.task") != second.data.tags.get("veritrain.task"):
        return None
    tables = [predictions_of(run.info.run_id) for run in (first, second)]
    if tables[0] is None or tables[1] is None:
        return None
    grades = [
        table.drop_duplicates("id").set_index("id")["challenger_grade"]
        for table in tables
        if table is not None
    ]
    moved = (grades[1] - grades[0]).dropna().to_numpy()
    if len(moved) < 2:
        return None
    low, high = mean_difference_bounds(moved, LEVEL)
    return Paired(rows=len(moved), difference=float(moved.mean()), low=float(low), high=float(high))
