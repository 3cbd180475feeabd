"""Which finished gate runs judged a draft, and what the newest of each said.

A gate makes a version of its own from the rows that it lets through. In a list that is no dataset beside its draft:
the draft shows the verdict. What a gate makes of a task's seed file has no draft and is listed itself.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from veritrain_lib.tracking.datasets import PREFIX
from veritrain_lib.tracking.tables import tables

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection
    from sqlalchemy.sql import Select

STAGE, JUDGED = "veritrain.stage", "veritrain.input.dataset"

SEED = "seed"
"""What `JUDGED` of a gate says when it judged the seed file."""


def is_gate_of_draft(run_id: Any) -> Any:
    """The condition that a run, by the column of its id, is a gate's that judged a draft."""
    from sqlalchemy import select

    stage, judged = tables().tags.alias(), tables().tags.alias()
    # A list that is made once. Asked of each run, PostgreSQL may make every pair of the two kinds of tags first.
    gates = select(stage.c.run_uuid).join(judged, judged.c.run_uuid == stage.c.run_uuid)
    return run_id.in_(
        gates.where(
            stage.c.key == STAGE, stage.c.value == "gate", judged.c.key == JUDGED, judged.c.value != SEED
        )
    )


def newest_gates(opened: Connection, drafts: Collection[str]) -> dict[str, str]:
    """The id of the newest gate run of each of `drafts`, by reference; those that were not judged are left out."""
    return {row.draft: row.run_uuid for row in opened.execute(_gates(drafts))} if drafts else {}


def newest_statuses(opened: Connection) -> dict[str, str]:
    """What the newest gate said of each draft that was judged, by reference."""
    return {row.draft: row.status for row in opened.execute(_gates(None))}


def _gates(drafts: Collection[str] | None) -> Select[Any]:
    """Finished gate runs (of `drafts`, where given), the newest of a draft last: `run_uuid`, `draft`, `status`."""
    from sqlalchemy import and_, exists, select

    runs = tables().runs.c
    judged, status, stage = (tables().tags.alias() for _ in range(3))
    return (
        select(runs.run_uuid, judged.c.value.label("draft"), status.c.value.label("status"))
        .select_from(judged)
        .join(tables().runs, runs.run_uuid == judged.c.run_uuid)
        .join(status, and_(status.c.run_uuid == judged.c.run_uuid, status.c.key == f"{PREFIX}status"))
        .where(
            judged.c.key == JUDGED,
            judged.c.value != SEED if drafts is None else judged.c.value.in_(drafts),
            exists().where(
                stage.c.run_uuid == judged.c.run_uuid, stage.c.key == STAGE, stage.c.value == "gate"
            ),
            runs.lifecycle_stage == "active",
            runs.status == "FINISHED",
        )
        .order_by(runs.start_time, runs.run_uuid.desc())
    )
