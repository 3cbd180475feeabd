"""`run_sweep`: runs the cells of a sweep one after another, or resumes it where an earlier call stopped."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from veritrain_lib.core import project
from veritrain_lib.execution.jobs import JobRunner
from veritrain_lib.execution.runner_choice import open_runner
from veritrain_lib.execution.workers.remote_runner import RemoteRunner
from veritrain_lib.loop.round_run import Event
from veritrain_lib.loop.stage_job import delete_leftovers, finish_background_tasks, recover_killed_runs
from veritrain_lib.loop.sweep.cell_run import run_cell
from veritrain_lib.loop.sweep.cells import Cell, SweepPlan, read_sweep
from veritrain_lib.loop.sweep.cells_on_workers import run_cells
from veritrain_lib.loop.sweep.record import (
    CellOutcome,
    find_cells,
    find_or_open_sweep,
    stored_outcome,
    sweep_digest,
)
from veritrain_lib.loop.sweep.result import SweepResult, compare_cells, store_result
from veritrain_lib.stages.inputs import split_overlap
from veritrain_lib.tracking import runs
from veritrain_lib.tracking.state import claims


@dataclass(frozen=True)
class SweepEvent:
    """Event of a sweep, for people who follow it.

    Attributes:
        kind: `begin` or `done` of a cell, `stored` for a cell done before, `stage` for an event within a cell, `waits`
            while another process runs the same sweep.
        cell: The cell; None for `waits`.
        stage: The event within the cell, for the kind `stage`; else None.
        outcome: The outcome of the cell, for the kinds `done` and `stored`; else None.
        text: A message for people; empty for most kinds.
    """

    kind: Literal["begin", "stage", "done", "stored", "waits"]
    cell: Cell | None = None
    stage: Event | None = None
    outcome: CellOutcome | None = None
    text: str = ""


def run_sweep(
    sweep: str | Path | SweepPlan = "",
    *,
    runner: JobRunner | RemoteRunner | None = None,
    on_event: Callable[[SweepEvent], None] | None = None,
) -> SweepResult:
    """Run the cells of a sweep that are not done yet, and compare all cells on development rows.

    The same call resumes a killed sweep. If another process runs the same sweep, this one waits for it.

    Args:
        sweep: The path of the sweep file, or the plan that `read_sweep` made from it; empty for the built-in example.
        runner: The runner of the stage notebooks; None for the one that the settings choose (`VERITRAIN_RUNNER`).
        on_event: Function that is called with each event; None to report none.

    Returns:
        The comparison of the arms (combinations of settings).

    Raises:
        UserError: before any work, when the sweep file or the task of a cell has mistakes.
        Refused: when the task's data files overlap by more than the task allows.
    """
    plan = sweep if isinstance(sweep, SweepPlan) else read_sweep(sweep or example_sweep())
    runner = runner or open_runner()
    tell = on_event or (lambda event: None)
    split_overlap.refuse_overlap(plan.task)

    def on_wait(message: str) -> None:
        tell(SweepEvent("waits", text=message))

    work = sweep_digest(plan)
    with claims.claim(f"sweep {work}", f"sweep {plan.name} of task {plan.task.name}", notify=on_wait):
        result = _run(plan, runner, tell)
    delete_leftovers()
    return result


def example_sweep() -> Path:
    """Return the path of the built-in example's sweep file."""
    return project.example_task().with_name("sweep.yaml")


def _run(
    plan: SweepPlan, runner: JobRunner | RemoteRunner, tell: Callable[[SweepEvent], None]
) -> SweepResult:
    recover_killed_runs(plan.task)
    runs.close_abandoned(plan.task)
    sweep_run = find_or_open_sweep(plan)
    begun = find_cells(plan, sweep_run)
    outcomes = {
        cell.key: stored
        for cell in plan.cells
        if cell.key in begun and (stored := stored_outcome(cell, begun[cell.key])) is not None
    }
    if len(outcomes) == len(plan.cells) and runs.get(sweep_run).info.status == "FINISHED":
        return compare_cells(plan, sweep_run, [outcomes[cell.key] for cell in plan.cells], again=True)
    runs.resume(sweep_run)
    try:
        with finish_background_tasks(runner):
            outcomes |= _run_missing(plan, sweep_run, begun, outcomes, runner, tell)
        result = compare_cells(plan, sweep_run, [outcomes[cell.key] for cell in plan.cells])
        store_result(result)
        failed = [outcome for outcome in outcomes.values() if outcome.state == "failed"]
        if failed:
            why = f"{len(failed)} of {len(plan.cells)} cells failed; the first: {failed[0].note}"
            runs.end_run(sweep_run, "FAILED", why)
        else:
            runs.end_run(sweep_run, "FINISHED")
    except KeyboardInterrupt:
        runs.end_run(sweep_run, "KILLED", "interrupted from outside; the same command goes on")
        raise
    except BaseException as error:
        runs.end_run(sweep_run, "FAILED", f"{type(error).__name__}: {error}".splitlines()[0])
        raise
    return result


def _run_missing(
    plan: SweepPlan,
    sweep_run: str,
    begun: Mapping[str, runs.Run],
    done: Mapping[str, CellOutcome],
    runner: JobRunner | RemoteRunner,
    tell: Callable[[SweepEvent], None],
) -> dict[str, CellOutcome]:
    """Run the cells that are not done yet, one after another here, or several at once on workers."""

    def run_one(cell: Cell) -> CellOutcome:
        run_id = begun[cell.key].info.run_id if cell.key in begun else ""
        return _cell(plan, cell, sweep_run, run_id, runner, tell)

    missing: list[Cell] = []
    for cell in plan.cells:
        if cell.key in done:
            tell(SweepEvent("stored", cell, outcome=done[cell.key]))
        else:
            missing.append(cell)
    if isinstance(runner, RemoteRunner):
        return run_cells(missing, run_one, runner)
    return {cell.key: run_one(cell) for cell in missing}


def _cell(
    plan: SweepPlan,
    cell: Cell,
    sweep_run: str,
    run_id: str,
    runner: JobRunner | RemoteRunner,
    tell: Callable[[SweepEvent], None],
) -> CellOutcome:
    tell(SweepEvent("begin", cell))
    outcome = run_cell(
        cell, plan.rounds, sweep_run, run_id, runner, lambda event: tell(SweepEvent("stage", cell, event))
    )
    tell(SweepEvent("done", cell, outcome=outcome))
    return outcome
