"""A quick look into the project's own store: SQLite read as it is, without mlflow.

Importing mlflow takes a second and a question through it some milliseconds; most questions here are one row by
its key. Only a SQLite file whose schema is the one this was written for is read, and nothing is ever written.
For any other store, and whenever anything is unusual, `CannotGlance` sends the caller to MLflow's client.
`tests/tracking/test_sqlite_reader.py` holds the answers against MLflow's.
"""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from veritrain_lib.tracking import connection_cache
from veritrain_lib.tracking.address import file_of
from veritrain_lib.tracking.entities import Experiment, Run, RunData, RunInfo, Version

SCHEMA = "dc11669786a5"
"""The migration (alembic revision) whose tables are read here: MLflow 3.17. A newer one is not guessed at."""

TERM = re.compile(
    r"(?:tags\.`(?P<tag>[^`]+)`|attributes\.(?P<status>status)) = '(?P<value>[^']+)'(?: AND |$)"
)
"""A term of the filters that are understood here: a tag or the status equals a text; terms joined by AND."""

AT_ONCE = 500
"""Run ids in one question; SQLite bounds the number of parameters."""


class CannotGlance(Exception):
    """This store, or this question, is one for MLflow's client."""


@contextmanager
def at(address: str) -> Iterator[Glance]:
    """Look into the store at a tracking URI: one consistent state for as long as the context is open.

    Raises CannotGlance for a store that is no SQLite file of the known schema, or can't be read just now.
    """
    file = file_of(address)
    if file is None or not file.is_file():
        raise CannotGlance(address)
    if os.environ.get("MLFLOW_ENABLE_WORKSPACES"):
        raise CannotGlance("workspaces")
    try:
        with connection_cache.taken(file) as opened:
            opened.execute("BEGIN")
            if opened.execute("SELECT version_num FROM alembic_version").fetchall() != [(SCHEMA,)]:
                raise CannotGlance("another schema")
            yield Glance(opened)
    except (sqlite3.Error, OSError) as error:
        raise CannotGlance(str(error)) from error


class Glance:
    """Questions to a store that is open for reading. What is deleted in MLflow is not found, but by its id or name."""

    def __init__(self, opened: sqlite3.Connection) -> None:
        self._opened = opened

    def _all(self, question: str, *values: object) -> list[Any]:
        return self._opened.execute(question, values).fetchall()

    def experiment(self, name: str) -> Experiment | None:
        """The experiment of a name, deleted or not."""
        return next(iter(self._experiments("name = ?", name)), None)

    def experiments(self) -> list[Experiment]:
        """Every experiment that is not deleted."""
        return self._experiments("lifecycle_stage = 'active'")

    def _experiments(self, where: str, *values: str) -> list[Experiment]:
        found = self._all(
            "SELECT experiment_id, name, artifact_location, lifecycle_stage FROM experiments"
            f" WHERE workspace = 'default' AND {where}",
            *values,
        )
        tags = "SELECT key, value FROM experiment_tags WHERE experiment_id = ?"
        return [
            Experiment(str(number), name, place, stage, dict(self._all(tags, number)))
            for number, name, place, stage in found
        ]

    def experiment_tags(self, prefix: str) -> dict[str, dict[str, str]]:
        """Tags whose key begins so, of every experiment, deleted or not, by experiment id."""
        found: dict[str, dict[str, str]] = {}
        wanted = "SELECT experiment_id, key, value FROM experiment_tags WHERE substr(key, 1, ?) = ?"
        for number, key, value in self._all(wanted, len(prefix), prefix):
            found.setdefault(str(number), {})[key] = value
        return found

    def run(self, run_id: str) -> Run | None:
        """A run by its id, deleted or not."""
        return next(iter(self._runs("run_uuid = ?", [run_id], "")), None)

    def runs(self, experiment_id: str, where: str, *, limit: int, newest_first: bool) -> list[Run]:
        """Runs of an experiment that fit an MLflow filter of the form of `TERM`, in MLflow's order."""
        asked = ["experiment_id = ?", "lifecycle_stage = 'active'"]
        values: list[str] = [experiment_id]
        for tag, value in _terms(where):
            if tag:
                asked.append("run_uuid IN (SELECT run_uuid FROM tags WHERE key = ? AND value = ?)")
                values += [tag, value]
            else:
                asked.append("status = ?")
                values.append(value)
        order = f"ORDER BY start_time {'DESC' if newest_first else 'ASC'}, run_uuid LIMIT {int(limit)}"
        return self._runs(" AND ".join(asked), values, order)

    def _runs(self, where: str, values: Sequence[str], order: str) -> list[Run]:
        heads = self._all(
            "SELECT run_uuid, experiment_id, name, status, start_time, end_time, artifact_uri FROM runs"
            f" WHERE {where} {order}",
            *values,
        )
        data = {head[0]: RunData() for head in heads}
        for kind, read in (
            ("tags", "value"),
            ("params", "value"),
            ("latest_metrics", "CASE WHEN is_nan THEN NULL ELSE value END"),
        ):
            for run_id, key, value in self._of_runs(list(data), kind, read):
                if kind == "latest_metrics":
                    data[run_id].metrics[key] = float("nan") if value is None else value
                else:
                    getattr(data[run_id], kind)[key] = value
        return [
            Run(RunInfo(head[0], str(head[1]), *head[2:]), data[head[0]])  # a line a column of RunInfo
            for head in heads
        ]

    def _of_runs(self, ids: list[str], table: str, read: str) -> Iterator[tuple[str, str, Any]]:
        for start in range(0, len(ids), AT_ONCE):
            part = ids[start : start + AT_ONCE]
            marks = ",".join("?" * len(part))
            yield from self._all(
                f"SELECT run_uuid, key, {read} FROM {table} WHERE run_uuid IN ({marks})", *part
            )

    def versions(self, name: str) -> list[Version]:
        """Every version of a registered model that is not deleted, oldest first."""
        return self._versions("name = ?", name)

    def version(self, name: str, number: str) -> Version | None:
        """One version of a registered model; `number` as text."""
        return next(iter(self._versions("name = ? AND version = CAST(? AS INTEGER)", name, number)), None)

    def alias(self, name: str, alias: str) -> Version | None:
        """The version that an alias points at."""
        pointed = (
            "SELECT version FROM registered_model_aliases"
            " WHERE workspace = 'default' AND name = ? AND alias = ?"
        )
        return next(iter(self._versions(f"name = ? AND version = ({pointed})", name, name, alias)), None)

    def _versions(self, where: str, *values: str) -> list[Version]:
        found = self._all(
            "SELECT name, version, run_id, storage_location FROM model_versions WHERE workspace = 'default'"
            f" AND current_stage <> 'Deleted_Internal' AND {where} ORDER BY version",
            *values,
        )
        tags = "SELECT key, value FROM model_version_tags WHERE workspace = 'default' AND name = ? AND version = ?"
        return [
            Version(name, number, run_id or "", dict(self._all(tags, name, number)), place=place or "")
            for name, number, run_id, place in found
        ]


def _terms(where: str) -> Iterator[tuple[str, str]]:
    """The terms of a filter as (tag, value), the tag empty for the status. Raises CannotGlance for others."""
    place = 0
    while place < len(where):
        term = TERM.match(where, place)
        # MLflow keeps some of its own tags in other places too; the parent is a plain tag.
        special = term is None or (term["tag"] or "").startswith("mlflow.")
        if term is None or (special and term["tag"] != "mlflow.parentRunId"):
            raise CannotGlance(where)
        yield term["tag"] or "", term["value"]
        place = term.end()
