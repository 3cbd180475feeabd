"""MLflow runs under which datasets are listed.

The quality gate stores the accepted rows of a draft as a new dataset; it is listed with the draft, under the draft's
run.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from veritrain_lib.tracking.dataset_verdicts import INPUT_DATASET_TAG, SEED_FILE, STAGE_TAG
from veritrain_lib.tracking.datasets import PREFIX
from veritrain_lib.tracking.tables import connect, tables

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection


def listing_run_ids(references: Collection[str]) -> dict[str, str]:
    """Return, by dataset reference `NAME@VERSION`, the id of the MLflow run under which the dataset is listed.

    A dataset that a quality gate made from a draft is listed under the draft's run. Unknown references are left out.
    """
    with connect() as connection:
        runs_by_reference = _runs_of(connection, references)
        drafts = {reference: draft for reference, (_, draft) in runs_by_reference.items() if draft}
        draft_runs = _runs_of(connection, drafts.values())
    listed = {reference: run_id for reference, (run_id, draft) in runs_by_reference.items() if not draft}
    return listed | {
        reference: draft_runs[draft][0] for reference, draft in drafts.items() if draft in draft_runs
    }


def _runs_of(connection: Connection, references: Collection[str]) -> dict[str, tuple[str, str]]:
    """Return the run that made each dataset, by dataset reference, and the draft that this run judged.

    The value is a pair: the run's id, and the reference of the draft, which is empty unless the run is that of a
    quality gate that judged a draft. Unknown references are left out.
    """
    from sqlalchemy import and_, select

    requested = {
        (reference.rpartition("@")[0], reference.rpartition("@")[2])
        for reference in references
        if "@" in reference
    }
    if not requested:
        return {}
    runs = tables().runs.c
    version, name, stage, input_dataset = (tables().tags.alias() for _ in range(4))
    selection = (
        select(runs.run_uuid, name.c.value, version.c.value, stage.c.value, input_dataset.c.value)
        .select_from(version)
        .join(name, and_(name.c.run_uuid == version.c.run_uuid, name.c.key == f"{PREFIX}name"))
        .join(tables().runs, runs.run_uuid == version.c.run_uuid)
        .outerjoin(stage, and_(stage.c.run_uuid == version.c.run_uuid, stage.c.key == STAGE_TAG))
        .outerjoin(
            input_dataset,
            and_(input_dataset.c.run_uuid == version.c.run_uuid, input_dataset.c.key == INPUT_DATASET_TAG),
        )
        .where(
            version.c.key == f"{PREFIX}version",
            version.c.value.in_({dataset_version for _, dataset_version in requested}),
            name.c.value.in_({dataset_name for dataset_name, _ in requested}),
            runs.lifecycle_stage == "active",
            runs.status == "FINISHED",
        )
    )
    return {
        f"{dataset_name}@{dataset_version}": (
            run_id,
            draft if stage_name == "gate" and draft and draft != SEED_FILE else "",
        )
        for run_id, dataset_name, dataset_version, stage_name, draft in connection.execute(selection)
        if (dataset_name, dataset_version) in requested
    }
