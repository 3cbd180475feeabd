"""Run of one cell of a sweep (one setting with one seed): rounds of generate, gate and train.

It is a loop (`loop/loop.py`) without evaluations, so that the held-out test set stays locked. Its stages have the same
digests, so work that a loop or another cell has done is not repeated.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from veritrain_lib.core.errors import BudgetExceeded, UserError
from veritrain_lib.loop.round_run import Event, RoundRun
from veritrain_lib.loop.stage_job import CompletedStage
from veritrain_lib.loop.sweep.record import CellOutcome, CellState, open_cell, store_outcome
from veritrain_lib.stages.inputs.defaults import SEED
from veritrain_lib.tracking import datasets, runs

if TYPE_CHECKING:
    from veritrain_lib.execution.jobs import JobRunner
    from veritrain_lib.execution.workers.remote_runner import RemoteRunner
    from veritrain_lib.loop.sweep.cells import Cell


class _CellContext(RoundRun):
    """Context manager for the MLflow run of a cell; its events carry the number of the cell's current round."""

    round_number = 0

    def _name(self) -> str:
        return "cell"

    @property
    def _number(self) -> int:
        return self.round_number


def run_cell(
    cell: Cell,
    rounds: int,
    sweep_run: str,
    found: str,
    runner: JobRunner | RemoteRunner,
    tell: Callable[[Event], None],
) -> CellOutcome:
    """Run one cell of a sweep (one setting with one seed), or resume one that was interrupted.

    Args:
        cell: The cell.
        rounds: The number of rounds after the seed model.
        sweep_run: The id of the sweep's MLflow run.
        found: The id of the cell's run if it was begun before; empty to open one.
        runner: The runner of the stage notebooks.
        tell: Function that is called with each event of its stages.

    Returns:
        The outcome of the cell; its state is `failed` if a stage did not finish, whatever the reason.
    """
    run_id = found or open_cell(cell, sweep_run)
    try:
        with _CellContext(cell.task, sweep_run, None, runner, tell, run_id=run_id) as context:
            outcome = _rounds(cell, rounds, context)
            store_outcome(outcome)
    except UserError as error:
        # The context has closed the run as FAILED; the other cells do not need this one.
        return CellOutcome(
            cell, "failed", run_id, note=str(error).splitlines()[0] if str(error) else "failed"
        )
    return outcome


def _rounds(cell: Cell, rounds: int, context: _CellContext) -> CellOutcome:
    outcome = CellOutcome(cell, "done", context.run_id)
    gate = context.stage("gate", dataset=SEED, seed=cell.seed)
    if gate.result.outcome == "blocked":
        return replace(outcome, state="blocked", note=gate.result.headline)
    dataset = _dataset(gate)
    outcome = _with_model(outcome, context.stage("train", dataset=dataset, seed=cell.seed), context)
    outcome = replace(outcome, seed_model=outcome.model)
    chooser = cell.model or outcome.model
    for number in range(1, rounds + 1):
        context.round_number = number
        try:
            generate = context.stage("generate", dataset=dataset, model=chooser, seed=cell.seed + number)
        except BudgetExceeded as error:
            return replace(outcome, state="money", note=str(error).splitlines()[0])
        if generate.result.outcome != "done":
            state: CellState = "waiting" if generate.result.outcome == "waiting" else "blocked"
            return replace(outcome, state=state, note=generate.result.headline)
        if not generate.result.row_count("rows"):
            return replace(
                outcome, note=f"{outcome.note} The teacher had no rows left to give in round {number}."
            )
        gate = context.stage("gate", dataset=_dataset(generate), seed=cell.seed + number)
        if gate.result.outcome == "blocked":
            return replace(outcome, state="blocked", note=gate.result.headline)
        dataset = _dataset(gate)
        try:
            train = context.stage("train", dataset=dataset, seed=cell.seed)
        except BudgetExceeded as error:
            return replace(outcome, state="money", note=str(error).splitlines()[0])
        outcome = _with_model(outcome, train, context)
        chooser = outcome.model
    return outcome


def _with_model(outcome: CellOutcome, train: CompletedStage, context: _CellContext) -> CellOutcome:
    result: Any = train.result
    runs.log(context.run_id, metrics=result.metrics(), step=context.round_number)
    return replace(outcome, model=str(result.model), train_run=train.run_id, note=result.headline)


def _dataset(done: CompletedStage) -> str:
    dataset = datasets.of_run(done.run_id)
    assert dataset is not None  # generate and gate always make one unless they wait
    return dataset.reference
