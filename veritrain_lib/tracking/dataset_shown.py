"""Under which run a dataset is listed, by its reference: what a gate let through is shown by its draft."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from veritrain_lib.tracking.dataset_verdicts import JUDGED, SEED, STAGE
from veritrain_lib.tracking.datasets import PREFIX
from veritrain_lib.tracking.tables import connect, tables

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection


def shown_as(references: Collection[str]) -> dict[str, str]:
    """The id of the run under which each dataset is listed; references that nothing made are left out."""
    with connect() as opened:
        made = _made(opened, references)
        drafts = {reference: draft for reference, (_, draft) in made.items() if draft}
        behind = _made(opened, drafts.values())
    shown = {reference: run_id for reference, (run_id, draft) in made.items() if not draft}
    return shown | {reference: behind[draft][0] for reference, draft in drafts.items() if draft in behind}


def _made(opened: Connection, references: Collection[str]) -> dict[str, tuple[str, str]]:
    """By reference: the finished run that made the dataset, and the draft that it judged, empty unless it is a gate."""
    from sqlalchemy import and_, select

    wanted = {(one.rpartition("@")[0], one.rpartition("@")[2]) for one in references if "@" in one}
    if not wanted:
        return {}
    runs = tables().runs.c
    version, name, stage, judged = (tables().tags.alias() for _ in range(4))
    asked = (
        select(runs.run_uuid, name.c.value, version.c.value, stage.c.value, judged.c.value)
        .select_from(version)
        .join(name, and_(name.c.run_uuid == version.c.run_uuid, name.c.key == f"{PREFIX}name"))
        .join(tables().runs, runs.run_uuid == version.c.run_uuid)
        .outerjoin(stage, and_(stage.c.run_uuid == version.c.run_uuid, stage.c.key == STAGE))
        .outerjoin(judged, and_(judged.c.run_uuid == version.c.run_uuid, judged.c.key == JUDGED))
        .where(
            version.c.key == f"{PREFIX}version",
            version.c.value.in_({number for _, number in wanted}),
            name.c.value.in_({named for named, _ in wanted}),
            runs.lifecycle_stage == "active",
            runs.status == "FINISHED",
        )
    )
    return {
        f"{named}@{number}": (run_id, draft if at == "gate" and draft and draft != SEED else "")
        for run_id, named, number, at, draft in opened.execute(asked)
        if (named, number) in wanted
    }
