"""The MLflow run of a sweep, with a child run for each cell: how they are opened and found, and their tags."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from veritrain_lib.core import digest
from veritrain_lib.stages.gate.inputs import suite_of
from veritrain_lib.tracking import runs

if TYPE_CHECKING:
    from veritrain_lib.loop.sweep.cells import Cell, SweepPlan

CellState = Literal["done", "blocked", "money", "waiting", "failed"]

FINAL: tuple[CellState, ...] = ("done", "blocked", "money")
"""States of cells that are final, so that the same sweep does not run such a cell again."""

STATE, CELL, MODEL, SEED_MODEL, TRAIN_RUN = (
    f"veritrain.sweep.{name}" for name in ("state", "cell", "model", "seed_model", "train_run")
)


@dataclass(frozen=True)
class CellOutcome:
    """Outcome of one cell of a sweep.

    Attributes:
        cell: The cell.
        state: `done`; `blocked` by the gate; `money` if the task's budget does not allow the next stage; `waiting` for
            people's answers; `failed` if a stage did not finish.
        run_id: The id of the cell's MLflow run.
        model: The address of the last model; empty if the cell made none.
        seed_model: The address of the model that was trained on the seed rows; empty if the cell made none.
        train_run: The run id of the stage that trained the last model; empty if there is none.
        note: One sentence that tells people the outcome.
        stored: Whether the outcome was read from MLflow, since the cell had ended before.
    """

    cell: Cell
    state: CellState
    run_id: str
    model: str = ""
    seed_model: str = ""
    train_run: str = ""
    note: str = ""
    stored: bool = False


def sweep_digest(plan: SweepPlan) -> str:
    """Return the digest that identifies a sweep: of its cells' tasks and suites, data, rounds and code."""
    cells = [
        [cell.key, cell.task.digest(), suite_of(cell.task).digest, cell.model]
        for cell in sorted(plan.cells, key=lambda cell: cell.key)
    ]
    data = plan.task.data_digest("seed", "development", "test", "pool")
    return digest.of_json([digest.of_code(), plan.task.name, data, plan.rounds, cells])


def find_or_open_sweep(plan: SweepPlan) -> str:
    """Return the id of the sweep's MLflow run, opening it if there is none. A run that exists is not changed."""
    work = sweep_digest(plan)
    where = f"tags.`veritrain.digest` = '{work}' AND tags.`veritrain.kind` = 'sweep'"
    matches = runs.search(plan.task, where, limit=1)
    if matches:
        return str(matches[0].info.run_id)
    run_id = runs.open_run(plan.task, f"sweep {plan.name}", kind="sweep", tags={"veritrain.digest": work})
    runs.log(run_id, parameters={"task": plan.task.name, "rounds": plan.rounds, "cells": len(plan.cells)})
    return run_id


def find_cells(plan: SweepPlan, sweep_run: str) -> dict[str, runs.Run]:
    """Return the MLflow runs of a sweep's cells that were begun, by the key of the cell.

    Args:
        plan: The sweep.
        sweep_run: The id of the sweep's run.
    """
    return {run.data.tags[CELL]: run for run in runs.children(plan.task, sweep_run) if CELL in run.data.tags}


def open_cell(cell: Cell, sweep_run: str) -> str:
    """Open the MLflow run of a cell as a child of the sweep's run, and return its id."""
    run_id = runs.open_run(
        cell.task,
        f"cell {cell.number}: {cell.label}"[:250],
        kind="cell",
        parent=sweep_run,
        tags={CELL: cell.key},
    )
    runs.log(run_id, parameters={**dict(cell.settings), "seed": cell.seed})
    return run_id


def store_outcome(outcome: CellOutcome) -> None:
    """Store the outcome of a cell in the tags of its MLflow run, which stays open."""
    runs.tag(
        outcome.run_id,
        {
            STATE: outcome.state,
            MODEL: outcome.model,
            SEED_MODEL: outcome.seed_model,
            TRAIN_RUN: outcome.train_run,
            runs.NOTE_TAG: outcome.note,
        },
    )


def stored_outcome(cell: Cell, run: runs.Run) -> CellOutcome | None:
    """Return the outcome that a cell's MLflow run stores; None if the cell has to be run, or run again."""
    tags = run.data.tags
    state = next((state for state in FINAL if tags.get(STATE) == state), None)
    if state is None or run.info.status != "FINISHED":
        return None
    return CellOutcome(
        cell, state, run.info.run_id, tags.get(MODEL, ""), tags.get(SEED_MODEL, ""), tags.get(TRAIN_RUN, ""),
        tags.get(runs.NOTE_TAG, ""), stored=True,
    )  # fmt: skip
