"""Runs put together from the rows that the tables have of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from veritrain_lib.tracking.entities import Run, RunData, RunInfo
from veritrain_lib.tracking.tables import tables

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection


def runs_by_id(opened: Connection, ids: Sequence[str]) -> list[Run]:
    """The runs of `ids` that are there and not deleted, in the order of `ids`, with their tags, parameters and newest
    metrics."""
    from sqlalchemy import select

    if not ids:
        return []
    found = tables()
    runs, metrics = found.runs.c, found.metrics.c
    heads = {
        row.run_uuid: row
        for row in opened.execute(
            select(
                runs.run_uuid, runs.experiment_id, runs.name, runs.status, runs.start_time, runs.end_time,
                runs.artifact_uri,
            ).where(runs.run_uuid.in_(ids), runs.lifecycle_stage == "active")
        )
    }  # fmt: skip
    data = {run_id: RunData() for run_id in heads}
    for table, kind in ((found.tags.c, "tags"), (found.params.c, "params")):
        asked = select(table.run_uuid, table.key, table.value).where(table.run_uuid.in_(heads))
        for run_id, key, value in opened.execute(asked).all():
            getattr(data[run_id], kind)[key] = value
    newest = select(metrics.run_uuid, metrics.key, metrics.value, metrics.is_nan)
    for run_id, key, value, is_nan in opened.execute(newest.where(metrics.run_uuid.in_(heads))).all():
        data[run_id].metrics[key] = float("nan") if is_nan else value
    return [
        Run(
            RunInfo(
                run_id, str(head.experiment_id), head.name, head.status, head.start_time, head.end_time,
                head.artifact_uri,
            ),
            data[run_id],
        )
        for run_id in ids
        if (head := heads.get(run_id)) is not None
    ]  # fmt: skip
