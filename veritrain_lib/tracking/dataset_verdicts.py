"""Finished gate runs that judged a draft, and the newest verdict for each draft.

A gate makes a version of its own from the rows that it accepts. Lists do not show that version beside its draft: the
draft shows the verdict. The output of a gate for a task's seed file has no draft and is listed itself.
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

SEED_FILE = "seed"
"""Value of `INPUT_DATASET_TAG` of a gate that judged the seed file."""


def is_gate_of_draft(run_id: Any) -> Any:
    """Return the SQL condition that a run, by the column of its id, is a gate run that judged a draft."""
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
    """Return the id of the newest gate run by draft reference; drafts without a verdict are left out."""
    return {row.draft: row.run_uuid for row in connection.execute(_gate_runs(drafts))} if drafts else {}


def newest_statuses(connection: Connection) -> dict[str, str]:
    """Return the newest gate status by draft reference, for every draft that was judged."""
    return {row.draft: row.status for row in connection.execute(_gate_runs(None))}


def _gate_runs(drafts: Collection[str] | None) -> Select[Any]:
    """Select finished gate runs, the newest of a draft last.

    The columns are `run_uuid`, `draft` and `status`; None means the gate runs of all drafts.
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
