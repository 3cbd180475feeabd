"""Conversion of rows of MLflow's database tables to `Run` objects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from veritrain_lib.tracking.entities import Run, RunData, RunInfo
from veritrain_lib.tracking.tables import tables

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection


def runs_by_id(connection: Connection, ids: Sequence[str]) -> list[Run]:
    """Return runs from MLflow's database in the order of `ids`, with tags, parameters and newest metrics.

    Missing and deleted runs are left out.
    """
    from sqlalchemy import select

    if not ids:
        return []
    mlflow_tables = tables()
    runs, metrics = mlflow_tables.runs.c, mlflow_tables.metrics.c
    run_rows = {
        row.run_uuid: row
        for row in connection.execute(
            select(
                runs.run_uuid, runs.experiment_id, runs.name, runs.status, runs.start_time, runs.end_time,
                runs.artifact_uri,
            ).where(runs.run_uuid.in_(ids), runs.lifecycle_stage == "active")
        )
    }  # fmt: skip
    data = {run_id: RunData() for run_id in run_rows}
    for table, kind in ((mlflow_tables.tags.c, "tags"), (mlflow_tables.params.c, "params")):
        selection = select(table.run_uuid, table.key, table.value).where(table.run_uuid.in_(run_rows))
        for run_id, key, value in connection.execute(selection).all():
            getattr(data[run_id], kind)[key] = value
    newest = select(metrics.run_uuid, metrics.key, metrics.value, metrics.is_nan)
    for run_id, key, value, is_nan in connection.execute(newest.where(metrics.run_uuid.in_(run_rows))).all():
        data[run_id].metrics[key] = float("nan") if is_nan else value
    return [
        Run(
            RunInfo(
                run_id, str(run_row.experiment_id), run_row.name, run_row.status, run_row.start_time, run_row.end_time,
                run_row.artifact_uri,
            ),
            data[run_id],
        )
        for run_id in ids
        if (run_row := run_rows.get(run_id)) is not None
    ]  # fmt: skip
