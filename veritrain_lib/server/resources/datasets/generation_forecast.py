"""Estimate of the cost and duration of generating the rows that a client requests; no model is called."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from veritrain_lib.core.errors import BudgetExceeded
from veritrain_lib.server.http.problems import Conflict
from veritrain_lib.server.resources.datasets.generation import GenerationPlan
from veritrain_lib.tracking import runs
from veritrain_lib.tracking.listing import RunQuery, runs_page

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task
    from veritrain_lib.llm.records import Estimate

DEFAULT_SECONDS = 30.0
"""Expected duration in seconds if the task has no earlier generation; most of it is the start of two notebooks."""


@dataclass(frozen=True)
class GenerationForecast:
    """Expected cost and duration of generating the requested rows.

    Attributes:
        tokens: Likely number of tokens.
        cost: Likely cost in US dollars.
        max_cost: Highest possible cost in US dollars.
        seconds: Likely duration in seconds.
        basis: Sentence for people about the source of the figures.
    """

    tokens: int
    cost: float
    max_cost: float
    seconds: float
    basis: str


def forecast(plan: GenerationPlan) -> GenerationForecast:
    """Return the expected cost and duration of generating rows; no model is called and nothing is paid.

    Tokens and costs are 0 for a teacher that calls no paid model. All numbers are 0 if the same rows were generated
    before, since the stored result is used again.

    Raises:
        UserError: The API key or the price of the model is missing.
        BudgetExceeded: The likely cost is more than what is left of the budget.
        Conflict: The cost can't be estimated in advance.
    """
    from veritrain_lib.stages.generate.inputs import PARAMETERS, is_paid

    parameters = {**PARAMETERS, **plan.parameters}
    if not is_paid(plan.task, parameters):
        seconds, basis = _typical_seconds(plan.task)
        return GenerationForecast(0, 0.0, 0.0, seconds, f"this teacher calls no paid model; time: {basis}")
    estimate = _paid_estimate(plan)
    if estimate is None:
        return GenerationForecast(0, 0.0, 0.0, 0.0, "this was done before: the result is in the record")
    return GenerationForecast(
        estimate.input_tokens + estimate.output_tokens[0],
        round(estimate.money[0], 6),
        round(estimate.money[1], 6),
        round(estimate.seconds[0], 1),
        estimate.basis,
    )


def _paid_estimate(plan: GenerationPlan) -> Estimate | None:
    """Return the estimate for rows that a paid model generates; None if the same work is already done and stored.

    Raises:
        BudgetExceeded: The likely cost is more than what is left of the budget.
        Conflict: The cost can't be estimated in advance.
    """
    from veritrain_lib.stages.inputs.preview import preview
    from veritrain_lib.stages.record.stage_run import prepare

    stage = prepare("generate", {"task": str(plan.task.path), **plan.parameters}, inner=True)
    if runs.finished(plan.task, stage.digest) is not None:
        return None
    cost_view = preview(stage)
    if cost_view.preview is None:
        raise Conflict(cost_view.message)
    likely, _ = cost_view.preview.estimate.money
    if likely > max(cost_view.money - cost_view.preview.spent, 0.0):
        raise BudgetExceeded(cost_view.message)
    return cost_view.preview.estimate


def _typical_seconds(task: Task) -> tuple[float, str]:
    """Return the median duration in seconds of the task's last five generations, and a text that says so."""
    query = RunQuery(
        tags={"veritrain.stage": ["generate"], "veritrain.task": [task.name]}, statuses=["FINISHED"]
    )
    finished_runs, _ = runs_page(query, limit=5)
    durations = [
        (run.info.end_time - run.info.start_time) / 1000 for run in finished_runs if run.info.end_time
    ]
    if not durations:
        return DEFAULT_SECONDS, "a rule of thumb, without an earlier generation"
    return round(median(durations), 1), f"the median of {len(durations)} earlier generation(s)"
