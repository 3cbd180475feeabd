"""Fast reads of the project's own MLflow store in SQLite, without importing MLflow.

Importing MLflow takes a second and a query through it some milliseconds; most queries here read one row by its key.
Only a SQLite file with the known schema is read, and nothing is ever written. For any other store or query the error
`UnsupportedRead` tells the caller to use MLflow's client. `tests/tracking/test_sqlite_reader.py` compares the results
with MLflow's.
"""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from veritrain_lib.fast.shortcuts import is_on
from veritrain_lib.tracking import connection_cache
from veritrain_lib.tracking.address import sqlite_path
from veritrain_lib.tracking.entities import Experiment, Run, RunData, RunInfo, Version

SCHEMA = "dc11669786a5"
"""Alembic revision of the only database schema that is read, that of MLflow 3.17."""

TERM = re.compile(
    r"(?:tags\.`(?P<tag>[^`]+)`|attributes\.(?P<status>status)) = '(?P<value>[^']+)'(?: AND |$)"
)
"""Pattern of one term of a supported filter: a tag or the run's status equals a text. Terms are joined by AND."""

IDS_PER_QUERY = 500
"""Maximum run ids in one query, because SQLite limits the number of parameters."""


class UnsupportedRead(Exception):
    """Error: this store or this query must be read with MLflow's client."""


@contextmanager
def open_reader(address: str) -> Iterator[SqliteReader]:
    """Open the MLflow store at a SQLite tracking URI for reading.

    All reads in the block see one consistent state of the store.

    Raises:
        UnsupportedRead: The store is not a SQLite file with the known schema, or can't be read at the moment.
    """
    file = sqlite_path(address)
    if file is None or not file.is_file():
        raise UnsupportedRead(address)
    if os.environ.get("MLFLOW_ENABLE_WORKSPACES") or not is_on("sqlite_reader"):
        raise UnsupportedRead("workspaces, or switched off")
    try:
        with connection_cache.read_connection(file) as connection:
            connection.execute("BEGIN")
            if connection.execute("SELECT version_num FROM alembic_version").fetchall() != [(SCHEMA,)]:
                raise UnsupportedRead("another schema")
            yield SqliteReader(connection)
    except (sqlite3.Error, OSError) as error:
        raise UnsupportedRead(str(error)) from error


class SqliteReader:
    """Queries on an open MLflow store in SQLite.

    Deleted experiments and runs are found only by their name or id; lists leave them out.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def _all(self, sql: str, *values: object) -> list[Any]:
        return self._connection.execute(sql, values).fetchall()

    def experiment(self, name: str) -> Experiment | None:
        """Return the MLflow experiment with this name, even if it is deleted; None without one."""
        return next(iter(self._experiments("name = ?", name)), None)

    def experiments(self) -> list[Experiment]:
        """Return every MLflow experiment that is not deleted."""
        return self._experiments("lifecycle_stage = 'active'")

    def _experiments(self, where: str, *values: str) -> list[Experiment]:
        rows = self._all(
            "SELECT experiment_id, name, artifact_location, lifecycle_stage FROM experiments"
            f" WHERE workspace = 'default' AND {where}",
            *values,
        )
        tags = "SELECT key, value FROM experiment_tags WHERE experiment_id = ?"
        return [
            Experiment(str(number), name, location, stage, dict(self._all(tags, number)))
            for number, name, location, stage in rows
        ]

    def experiment_tags(self, prefix: str) -> dict[str, dict[str, str]]:
        """Return the tags whose key starts with `prefix`, by the id of their MLflow experiment."""
        tags: dict[str, dict[str, str]] = {}
        sql = "SELECT experiment_id, key, value FROM experiment_tags WHERE substr(key, 1, ?) = ?"
        for experiment_id, key, value in self._all(sql, len(prefix), prefix):
            tags.setdefault(str(experiment_id), {})[key] = value
        return tags

    def run(self, run_id: str) -> Run | None:
        """Return the MLflow run with this id, even if it is deleted; None without one."""
        return next(iter(self._runs("run_uuid = ?", [run_id], "")), None)

    def runs_by_id(self, run_ids: Sequence[str]) -> list[Run]:
        """Return the MLflow runs with these ids that exist, even if they are deleted, in no particular order."""
        found = []
        for start in range(0, len(run_ids), IDS_PER_QUERY):
            chunk = run_ids[start : start + IDS_PER_QUERY]
            found += self._runs(f"run_uuid IN ({','.join('?' * len(chunk))})", chunk, "")
        return found

    def runs(self, experiment_id: str, filter_string: str, *, limit: int, newest_first: bool) -> list[Run]:
        """Return the runs of an experiment that match a filter, in the order of MLflow's search.

        Args:
            experiment_id: Id of the experiment.
            filter_string: Terms of the form "tags.`NAME` = 'VALUE'" or "attributes.status = 'VALUE'", joined by AND;
                empty for all runs.
            limit: Maximum number of runs.
            newest_first: Whether the run that started last comes first.

        Raises:
            UnsupportedRead: The filter has other terms.
        """
        conditions = ["experiment_id = ?", "lifecycle_stage = 'active'"]
        values: list[str] = [experiment_id]
        for tag, value in _parse_filter(filter_string):
            if tag:
                conditions.append("run_uuid IN (SELECT run_uuid FROM tags WHERE key = ? AND value = ?)")
                values += [tag, value]
            else:
                conditions.append("status = ?")
                values.append(value)
        order = f"ORDER BY start_time {'DESC' if newest_first else 'ASC'}, run_uuid LIMIT {int(limit)}"
        return self._runs(" AND ".join(conditions), values, order)

    def _runs(self, where: str, values: Sequence[str], order: str) -> list[Run]:
        rows = self._all(
            "SELECT run_uuid, experiment_id, name, status, start_time, end_time, artifact_uri,"
            " lifecycle_stage FROM runs"
            f" WHERE {where} {order}",
            *values,
        )
        data = {row[0]: RunData() for row in rows}
        for table, column in (
            ("tags", "value"),
            ("params", "value"),
            ("latest_metrics", "CASE WHEN is_nan THEN NULL ELSE value END"),
        ):
            for run_id, key, value in self._of_runs(list(data), table, column):
                if table == "latest_metrics":
                    data[run_id].metrics[key] = float("nan") if value is None else value
                else:
                    getattr(data[run_id], table)[key] = value
        return [
            Run(RunInfo(row[0], str(row[1]), *row[2:]), data[row[0]])  # the columns are the fields of RunInfo
            for row in rows
        ]

    def _of_runs(self, ids: list[str], table: str, column: str) -> Iterator[tuple[str, str, Any]]:
        for start in range(0, len(ids), IDS_PER_QUERY):
            chunk = ids[start : start + IDS_PER_QUERY]
            placeholders = ",".join("?" * len(chunk))
            yield from self._all(
                f"SELECT run_uuid, key, {column} FROM {table} WHERE run_uuid IN ({placeholders})", *chunk
            )

    def versions(self, name: str) -> list[Version]:
        """Return every version of the registered model `name`, oldest first; deleted versions are left out."""
        return self._versions("name = ?", name)

    def version(self, name: str, number: str) -> Version | None:
        """Return version `number` (a number as text) of the registered model `name`; None without one."""
        return next(iter(self._versions("name = ? AND version = CAST(? AS INTEGER)", name, number)), None)

    def alias(self, name: str, alias: str) -> Version | None:
        """Return the version of the registered model `name` that an alias points at; None without one."""
        subquery = (
            "SELECT version FROM registered_model_aliases"
            " WHERE workspace = 'default' AND name = ? AND alias = ?"
        )
        return next(iter(self._versions(f"name = ? AND version = ({subquery})", name, name, alias)), None)

    def _versions(self, where: str, *values: str) -> list[Version]:
        rows = self._all(
            "SELECT name, version, run_id, storage_location FROM model_versions WHERE workspace = 'default'"
            f" AND current_stage <> 'Deleted_Internal' AND {where} ORDER BY version",
            *values,
        )
        tags = "SELECT key, value FROM model_version_tags WHERE workspace = 'default' AND name = ? AND version = ?"
        return [
            Version(
                name,
                number,
                run_id or "",
                dict(self._all(tags, name, number)),
                storage_location=location or "",
            )
            for name, number, run_id, location in rows
        ]


def _parse_filter(filter_string: str) -> Iterator[tuple[str, str]]:
    """Yield the terms of an MLflow search filter as pairs of tag and value; the tag is empty for the run's status.

    Raises:
        UnsupportedRead: The filter has other terms.
    """
    position = 0
    while position < len(filter_string):
        term = TERM.match(filter_string, position)
        # MLflow stores some of its own tags elsewhere too; the parent run is a plain tag.
        special = term is None or (term["tag"] or "").startswith("mlflow.")
        if term is None or (special and term["tag"] != "mlflow.parentRunId"):
            raise UnsupportedRead(filter_string)
        yield term["tag"] or "", term["value"]
        position = term.end()
