"""Tracking stores that are broken in different ways, and small projects that use them."""

from __future__ import annotations

import contextlib
import os
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from benchmarks.faults.case import Seen, veritrain
from benchmarks.faults.relay import Relay

ROWS = [
    (f"{word} number {number}", label)
    for label, word in (("a", "apple"), ("b", "bread"))
    for number in "123456"
]

TASK = """\
version: 1
name: tiny
description: Two kinds of things.
inputs: {text: {language: en}}
target: {field: label, labels: [a, b]}
contract: {type: object, required: [label], properties: {label: {enum: [a, b]}}}
metrics: [{name: accuracy}]
data: {seed: seed.csv, development: dev.csv, test: test.csv}
budget: {money: 1}
teacher: {name: augment}
"""


def write_task(folder: Path) -> Path:
    """Write a task of two labels with a dozen rows in each file; return the task file."""
    folder.mkdir(parents=True, exist_ok=True)
    for place, name in enumerate(("seed", "dev", "test")):
        rows = [f"{text} {name} {'uvw'[place]},{label}" for text, label in ROWS]
        (folder / f"{name}.csv").write_text("text,label\n" + "\n".join(rows) + "\n", encoding="utf-8")
    file = folder / "task.yaml"
    file.write_text(TASK, encoding="utf-8")
    return file


def refused_port() -> int:
    """Return a port of this machine on which nobody listens."""
    with socket.socket() as tried:
        tried.bind(("127.0.0.1", 0))
        return int(tried.getsockname()[1])


@contextmanager
def silent_service() -> Iterator[int]:
    """Run a service that accepts connections and sends nothing; return its port."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(16)
        yield int(listener.getsockname()[1])


@contextmanager
def web_service(status: int, body: bytes, kind: str = "text/html") -> Iterator[int]:
    """Run a web server that always gives the same response; return its port."""

    class Always(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET

        def log_message(self, format: str, *args: object) -> None:
            """Be quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Always)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def locked(store: Path) -> Iterator[None]:
    """Hold the lock of a SQLite file, as a backup that hangs does."""
    with contextlib.closing(sqlite3.connect(store, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")


@contextmanager
def small_disk(place: Path, size: str) -> Iterator[bool]:
    """Mount a disk of this size at an empty folder; return False where this process may not mount."""
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)], capture_output=True, check=False
    )
    try:
        yield done.returncode == 0
    finally:
        if done.returncode == 0:
            subprocess.run(["umount", "-l", str(place)], capture_output=True, check=False)


def fill(place: Path) -> None:
    """Fill the disk of a folder completely."""
    with contextlib.suppress(OSError), (place / "fill").open("wb", buffering=0) as out:
        while True:
            out.write(bytes(4096))


@contextmanager
def database_behind_a_door() -> Iterator[tuple[str, Relay, Callable[[str], list[tuple[object, ...]]]] | None]:
    """Create a PostgreSQL database; return its URL through a relay, the relay, and a way to query it directly.

    None where no PostgreSQL accepts us; TEST_POSTGRES names another one than this machine's.
    """
    from sqlalchemy import create_engine, make_url, text

    given = make_url(os.environ.get("TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432"))
    name = f"fault_{uuid.uuid4().hex[:12]}"
    admin = create_engine(
        given.set(database="postgres"), isolation_level="AUTOCOMMIT", connect_args={"connect_timeout": 3}
    )
    try:
        with admin.connect() as opened:
            opened.execute(text(f"CREATE DATABASE {name}"))
    except Exception:  # noqa: BLE001  # whatever is missing, there is none for us
        yield None
        return
    own = create_engine(given.set(database=name), isolation_level="AUTOCOMMIT")

    def ask(question: str) -> list[tuple[object, ...]]:
        with own.connect() as opened:
            return [tuple(row) for row in opened.execute(text(question))]

    try:
        with Relay(given.host or "127.0.0.1", given.port or 5432) as relay:
            address = given.set(host="127.0.0.1", port=relay.port, database=name)
            yield address.render_as_string(hide_password=False), relay, ask
    finally:
        own.dispose()
        with admin.connect() as opened:
            opened.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        admin.dispose()


def runs_of(store: Path) -> list[tuple[str, str, str]]:
    """Return name, status and reason of each run of a store."""
    with contextlib.closing(sqlite3.connect(store)) as opened:
        return opened.execute(
            "SELECT name, status, coalesce((SELECT value FROM tags WHERE tags.run_uuid = runs.run_uuid"
            " AND key = 'veritrain.reason'), '') FROM runs ORDER BY start_time"
        ).fetchall()


def quick(work: Callable[[], Seen], most_s: float) -> Seen:
    """Run a case, and report a violation if it takes longer than `most_s` seconds."""
    began = time.monotonic()
    seen = work()
    took = time.monotonic() - began
    wrong = seen.wrong or (f"took {took:.0f} s, more than {most_s:.0f}" if took > most_s else "")
    return Seen(seen.exit_code, seen.text, seen.status, wrong)


def with_store(folder: Path, address: str, *arguments: str, most_s: float = 100.0) -> Seen:
    """Run a command with the tracking store at a URI."""
    return quick(lambda: veritrain(folder, *arguments, environment={"MLFLOW_TRACKING_URI": address}), most_s)


def python(
    folder: Path, program: str, *arguments: str, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a program of ours in a separate process, with the folder as its project."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("VERITRAIN_", "MLFLOW_"))
    }
    return subprocess.run(
        [sys.executable, "-c", program, *arguments], cwd=folder, env={**kept, "VERITRAIN_HOME": str(folder), **(environment or {})},
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
