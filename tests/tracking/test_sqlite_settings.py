"""A database is switched to a write-ahead log also while others read it: it waits for them, and not for ever."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from veritrain_lib.tracking import sqlite_settings
from veritrain_lib.tracking.sqlite_settings import use_wal


@pytest.fixture
def file(tmp_path: Path) -> Path:
    with closing(sqlite3.connect(tmp_path / "one.db")) as made, made:
        made.execute("CREATE TABLE one (number INTEGER)")
    return tmp_path / "one.db"


def mode(connection: sqlite3.Connection) -> str:
    return str(connection.execute("PRAGMA journal_mode").fetchone()[0])


def test_it_waits_for_a_reader_although_sqlite_does_not(file: Path) -> None:
    reads, ends = threading.Event(), threading.Event()

    def read() -> None:
        with closing(sqlite3.connect(file)) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT * FROM one").fetchall()
            reads.set()
            ends.wait(30)
            reader.rollback()

    thread = threading.Thread(target=read)
    thread.start()
    reads.wait(30)
    try:
        with closing(sqlite3.connect(file, timeout=0)) as other:
            with pytest.raises(sqlite3.OperationalError, match="locked"):
                other.execute("PRAGMA journal_mode = WAL")
            threading.Timer(0.3, ends.set).start()
            use_wal(other, None)
            assert mode(other) == "wal"
    finally:
        ends.set()
        thread.join()


def test_a_database_that_stays_locked_is_said_to_be(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_settings, "SWITCH_TIMEOUT_S", 0.1)
    with closing(sqlite3.connect(file)) as holder, closing(sqlite3.connect(file, timeout=0)) as other:
        holder.execute("BEGIN EXCLUSIVE")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            use_wal(other, None)


def test_a_database_that_can_not_be_written_is_not_waited_for(file: Path) -> None:
    with (
        closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as reader,
        pytest.raises(sqlite3.OperationalError, match="readonly"),
    ):
        use_wal(reader, None)
