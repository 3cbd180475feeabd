"""The table of events: many processes append, any process follows by number, in order and without loss."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from tests.server.postgres import new_database
from veritrain_lib.tracking.logged_event import LoggedEvent
from veritrain_lib.tracking.state import database, event_table

RUN = "run1"
PAYLOAD = '{"level": "info", "message": "a line"}'


WRITE = """
import json, sys
from veritrain_lib.tracking.state import event_table
for number in range(60):
    event_table.append("run1", "log", json.dumps({"level": "info", "message": f"{sys.argv[1]} {number}"}))
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def record(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The events' database: PostgreSQL, or a file of the project. MLflow is asked for nothing."""
    monkeypatch.setenv("VERITRAIN_HOME", str(tmp_path))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    monkeypatch.delenv("DATABASE_URL", raising=False)
    if request.param == "sqlite":
        yield request.param
        return
    with new_database() as address:
        monkeypatch.setenv("DATABASE_URL", address)
        yield request.param
        database.engine().dispose()


only_postgresql = pytest.mark.parametrize("record", ["postgresql"], indirect=True)


def test_processes_append_at_once_and_a_follower_gets_all_in_order(record: str, tmp_path: Path) -> None:
    folders = {name: tmp_path if record == "sqlite" else tmp_path / name for name in "ab"}
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITE, name], env={**os.environ, "VERITRAIN_HOME": str(folder)}
        )
        for name, folder in folders.items()
    ]
    seen: list[LoggedEvent] = []
    while any(writer.poll() is None for writer in writers):
        seen += event_table.select_newer({RUN: len(seen)}, limit=50).get(RUN, [])
    assert [writer.wait() for writer in writers] == [0, 0]
    while new := event_table.select(RUN, after=len(seen)):
        seen += new
    assert [event.seq for event in seen] == list(range(1, 121))
    for name in "ab":
        own = [event.message for event in seen if event.message[0] == name]
        assert own == [f"{name} {number}" for number in range(60)], "each writer's events stay in its order"


def waits_for_a_lock() -> bool:
    sql = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    return bool(database.run(lambda connection: connection.scalar(text(sql))))


@only_postgresql
@pytest.mark.parametrize("kept", [True, False])
def test_an_event_waits_for_one_whose_transaction_is_open(record: str, kept: bool) -> None:
    """So no follower sees number 2 before number 1, and number 1 is not left out if its transaction fails."""
    event_table.append("another run", "log", PAYLOAD)
    values = {"run_id": RUN, "at": "now", "kind": "log", "payload": PAYLOAD}
    with database.engine().connect() as connection:
        transaction = connection.begin()
        assert connection.scalar(text(event_table.APPEND_SQL), values) == 1
        second = threading.Thread(target=event_table.append, args=(RUN, "log", PAYLOAD))
        second.start()
        while not waits_for_a_lock():
            assert second.is_alive(), "it must wait"
        event_table.append("another run", "log", PAYLOAD)
        assert event_table.select(RUN) == []
        transaction.commit() if kept else transaction.rollback()
    second.join()
    assert [event.seq for event in event_table.select(RUN)] == ([1, 2] if kept else [1])


@only_postgresql
def test_an_event_is_stored_once_though_the_connection_breaks_in_the_commit(
    record: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, broken = database.transaction, []

    @contextmanager
    def transaction() -> Iterator[Connection]:
        with whole() as connection:
            yield connection
        if not broken:
            broken.append(True)
            raise OperationalError(
                "COMMIT", None, psycopg.OperationalError("server closed the connection unexpectedly")
            )

    monkeypatch.setattr(database, "transaction", transaction)
    assert event_table.append(
        RUN, "status", '{"level": "info", "message": "x", "data": {"ended": true}}', unless_ended=True
    )
    assert broken
    assert [event.seq for event in event_table.select(RUN)] == [1]


def test_of_several_that_say_the_end_at_once_one_is_heard(record: str) -> None:
    payload = '{"level": "info", "message": "over", "data": {"ended": true}}'
    event_table.append(RUN, "log", PAYLOAD)
    told: list[bool] = []
    several = [
        threading.Thread(
            target=lambda: told.append(event_table.append(RUN, "status", payload, unless_ended=True))
        )
        for _ in range(4)
    ]
    for thread in several:
        thread.start()
    for thread in several:
        thread.join()
    assert sorted(told) == [False, False, False, True]
    assert [event.kind for event in event_table.select(RUN)] == ["log", "status"]


def test_the_newest_event_of_a_kind_is_found_and_older_rows_can_go(record: str) -> None:
    for kind in ("status", "progress", "log", "progress", "log"):
        event_table.append(RUN, kind, PAYLOAD)  # type: ignore[arg-type]
    newest = event_table.latest(RUN, "progress")
    assert newest is not None
    assert newest.seq == 4
    assert event_table.latest("nothing") is None
    event_table.delete_before(RUN, 4)
    assert [event.seq for event in event_table.select(RUN)] == [4, 5]
    event_table.append(RUN, "log", PAYLOAD)
    assert [event.seq for event in event_table.select(RUN, after=4)] == [5, 6]
