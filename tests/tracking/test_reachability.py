"""A record that can't be reached is named at once, with what is wrong and what to do."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.faults import stores
from veritrain_lib.tracking import reachability
from veritrain_lib.tracking.address import sqlite_uri


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda path: path.mkdir(), "is a folder"),
        (lambda path: path.write_text("no database at all"), "not a SQLite database"),
        (lambda path: os.mkfifo(path), "not a regular file"),
        (lambda path: path.write_bytes(b"SQLite format 3\0" + b"x" * 2000), "mlflow.db"),
    ],
    ids=["folder", "text", "pipe", "damaged"],
)
def test_what_is_no_store_is_named(make: Callable[[Path], None], says: str, tmp_path: Path) -> None:
    make(tmp_path / "mlflow.db")
    with pytest.raises(reachability.StoreUnreachable, match=says) as caught:
        reachability.check_reachable(sqlite_uri(tmp_path / "mlflow.db"))
    assert not caught.value.temporary
    assert "\n" not in str(caught.value)


def test_a_look_drops_no_lock_of_a_connection_that_this_process_has(tmp_path: Path) -> None:
    """Else another process that closes its connection takes the log (WAL) away, and what is written then is lost."""
    file = tmp_path / "mlflow.db"
    mine = sqlite3.connect(file, isolation_level=None)
    mine.execute("PRAGMA journal_mode = WAL")
    mine.execute("CREATE TABLE t (x)")
    mine.execute("SELECT * FROM t").fetchall()
    reachability.check_reachable(sqlite_uri(file))
    write = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('INSERT INTO t VALUES (1)'); c.commit(); c.close()"
    subprocess.run([sys.executable, "-c", write, str(file)], check=True)
    assert (tmp_path / "mlflow.db-wal").exists(), (
        "the last one to close takes it away, and that was not the other"
    )
    mine.close()


def test_a_store_that_is_well_or_not_there_yet_is_no_fault(tmp_path: Path) -> None:
    reachability.check_reachable(sqlite_uri(tmp_path / "new" / "mlflow.db"))
    sqlite3.connect(tmp_path / "mlflow.db").execute("CREATE TABLE t (x)").connection.close()
    reachability.check_reachable(sqlite_uri(tmp_path / "mlflow.db"))


def test_a_lock_may_go_again(tmp_path: Path) -> None:
    sqlite3.connect(tmp_path / "mlflow.db").execute("CREATE TABLE t (x)").connection.close()
    with (
        stores.locked(tmp_path / "mlflow.db"),
        pytest.raises(reachability.StoreUnreachable, match="holds the lock") as caught,
    ):
        reachability.check_reachable(sqlite_uri(tmp_path / "mlflow.db"))
    assert caught.value.temporary


@pytest.mark.parametrize("address", ["http://127.0.0.1:{}", "postgresql://me:s3cret@127.0.0.1:{}/x"])
def test_a_service_that_refuses_may_come_back_and_is_told_within_seconds(address: str) -> None:
    began = time.monotonic()
    with pytest.raises(reachability.StoreUnreachable, match=r"(?i)refused") as caught:
        reachability.check_reachable(address.format(stores.refused_port()))
    assert caught.value.temporary
    assert "s3cret" not in str(caught.value)
    assert time.monotonic() - began < 30


@pytest.mark.parametrize(("status", "temporary"), [(503, True), (502, True), (429, True)])
def test_a_server_that_is_not_ready_may_be_later(status: int, temporary: bool) -> None:
    with (
        stores.web_service(status, b"") as port,
        pytest.raises(reachability.StoreUnreachable, match=f"HTTP {status}") as caught,
    ):
        reachability.check_reachable(f"http://127.0.0.1:{port}")
    assert caught.value.temporary is temporary


@pytest.mark.parametrize(
    ("said", "temporary"),
    [
        ('connection to server at "h", port 5432 failed: Connection refused', True),
        ("FATAL:  the database system is starting up", True),
        ("FATAL:  sorry, too many clients already", True),
        ("server closed the connection unexpectedly", True),
        ('connection failed: FATAL:  database "x" does not exist', False),
        ('connection failed: FATAL:  password authentication failed for user "me"', False),
    ],
)
def test_only_what_may_mend_itself_is_waited_for(said: str, temporary: bool) -> None:
    assert reachability.is_temporary_error(said) is temporary
