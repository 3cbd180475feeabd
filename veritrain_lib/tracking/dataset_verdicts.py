"""SQL queries for the runs of the quality gate that judged draft datasets, and for the newest verdict on each draft.

A gate stores the rows that it accepts as a dataset version of its own. Lists do not show that version beside its draft:
the draft shows the verdict instead. When a gate judges the task's seed file there is no draft, so its output is listed.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from veritrain_lib.tracking.datasets import PREFIX
from veritrain_lib.tracking.tables import tables

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection
    from sqlalchemy.sql import Select

STAGE_TAG, INPUT_DATASET_TAG = "veritrain.stage", "veritrain.input.dataset"
"""Tags of a stage's run: the stage's name, and the reference of the dataset that it read."""

SEED_FILE = "seed"
"""Value of the tag `INPUT_DATASET_TAG` on a run of the quality gate that judged the task's seed file, not a dataset."""


def is_gate_of_draft(run_id: Any) -> Any:
    """Return the SQL condition that a run is one in which the quality gate judged a draft dataset.

    Args:
        run_id: SQL column of the run's id.
    """
    from sqlalchemy import select

    stage, input_dataset = tables().tags.alias(), tables().tags.alias()
    # A subquery that runs once. As a condition on each run, PostgreSQL may first build every pair of the two tags.
    gates = select(stage.c.run_uuid).join(input_dataset, input_dataset.c.run_uuid == stage.c.run_uuid)
    return run_id.in_(
        gates.where(
            stage.c.key == STAGE_TAG,
            stage.c.value == "gate",
            input_dataset.c.key == INPUT_DATASET_TAG,
            input_dataset.c.value != SEED_FILE,
        )
    )


def newest_gates(connection: Connection, drafts: Collection[str]) -> dict[str, str]:
    """Return the id of the newest run of the quality gate for each draft dataset; drafts without one are left out.

    Args:
        connection: Connection to MLflow's database.
        drafts: References `NAME@VERSION` of the drafts, which are also the keys of the result.
    """
    return {row.draft: row.run_uuid for row in connection.execute(_gate_runs(drafts))} if drafts else {}


def newest_statuses(connection: Connection) -> dict[str, str]:
    """Return the newest status (`passed` or `blocked`) that the quality gate gave each draft dataset, by reference."""
    return {row.draft: row.status for row in connection.execute(_gate_runs(None))}


def _gate_runs(drafts: Collection[str] | None) -> Select[Any]:
    """Return the SQL query for the finished runs of the quality gate that judged the given drafts, oldest first.

    Its columns are `run_uuid`, `draft` (a dataset reference) and `status`.

    Args:
        drafts: References of draft datasets; None for all drafts.
    """
    from sqlalchemy import and_, exists, select

    runs = tables().runs.c
    input_dataset, status, stage = (tables().tags.alias() for _ in range(3))
    return (
        select(runs.run_uuid, input_dataset.c.value.label("draft"), status.c.value.label("status"))
        .select_from(input_dataset)
        .join(tables().runs, runs.run_uuid == input_dataset.c.run_uuid)
        .join(status, and_(status.c.run_uuid == input_dataset.c.run_uuid, status.c.key == f"{PREFIX}status"))
        .where(
            input_dataset.c.key == INPUT_DATASET_TAG,
            input_dataset.c.value != SEED_FILE if drafts is None else input_dataset.c.value.in_(drafts),
            exists().where(
                stage.c.run_uuid == input_dataset.c.run_uuid,
                stage.c.key == STAGE_TAG,
                stage.c.value == "gate",
            ),
            runs.lifecycle_stage == "active",
            runs.status == "FINISHED",
        )
        .order_by(runs.start_time, runs.run_uuid.desc())
    )
