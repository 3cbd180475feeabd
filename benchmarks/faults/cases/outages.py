"""Cases: the store goes away while a stage runs, and the disk of a running server is full for a while."""

from __future__ import annotations

import contextlib
import json
import os
import re
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.faults import stores
from benchmarks.faults.case import Case, Seen, veritrain
from benchmarks.faults.relay import Relay
from tests.stages.tiny_task import write_tiny

AWAY_S = 8.0
"""How long the store is away, in seconds."""

MOMENT_S = 1.0
"""Seconds from the begin of the first run to the outage."""

Store = tuple[str, Relay, Callable[[str], list[tuple[Any, ...]]]]
"""Address through a relay, the relay, and a way to query the database directly."""


@contextmanager
def _mlflow_server(folder: Path) -> Iterator[Store]:
    """Run a plain MLflow server behind a relay."""
    port, home = stores.refused_port(), folder / "server"
    home.mkdir()
    database = home / "mlflow.db"
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW_", "VERITRAIN_"))
    }
    command = [
        sys.executable, "-m", "mlflow", "server", "--port", str(port), "--workers", "1",
        "--backend-store-uri", f"sqlite:///{database}", "--artifacts-destination", str(home / "artifacts"),
    ]  # fmt: skip
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=home, env={**kept, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"},
            stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    try:
        _wait_for(f"http://127.0.0.1:{port}/health")

        def query(statement: str) -> list[tuple[Any, ...]]:
            with contextlib.closing(sqlite3.connect(database)) as connection:
                return connection.execute(statement).fetchall()

        with Relay("127.0.0.1", port) as relay:
            yield f"http://127.0.0.1:{relay.port}", relay, query
    finally:
        os.killpg(process.pid, 9)
        process.wait()


def _wait_for(url: str) -> None:
    for _ in range(500):
        with contextlib.suppress(OSError):
            urllib.request.urlopen(url, timeout=5).read()
            return
        time.sleep(0.1)
    raise TimeoutError(f"{url} does not answer")


def _train(folder: Path, store: Store | None) -> Seen:
    """Gate and train while the tracking store goes away; every run must have finished."""
    if store is None:
        return Seen(0, "left out: no PostgreSQL lets us in")
    address, relay, query = store
    task = write_tiny(folder / "task", budget={"rounds": 1, "rows_per_round": 15})

    def outage() -> None:
        for _ in range(1000):
            with contextlib.suppress(Exception):  # MLflow is still creating its tables
                if query("SELECT 1 FROM runs"):
                    break
            time.sleep(0.1)
        time.sleep(MOMENT_S)
        relay.shut()
        time.sleep(AWAY_S)
        relay.open()

    threading.Thread(target=outage, daemon=True).start()
    seen = veritrain(
        folder, "train", str(task), "--run-upstream", environment={"MLFLOW_TRACKING_URI": address}
    )
    unfinished = query("SELECT run_uuid, status FROM runs WHERE status <> 'FINISHED'")
    return Seen(
        seen.exit_code, seen.text, wrong=f"runs that did not finish: {unfinished}" if unfinished else ""
    )


def _postgresql(folder: Path) -> Seen:
    with stores.database_behind_a_door() as store:
        return _train(folder, store)


def _http(folder: Path) -> Seen:
    with _mlflow_server(folder) as store:
        return _train(folder, store)


class _Client:
    """Client of a server without accounts, with the token of the access link that it printed."""

    def __init__(self, base: str, token: str) -> None:
        self._base, self._headers = base, {"Authorization": f"Bearer {token}"}

    def send(
        self, method: str, path: str, body: bytes | None = None, content_type: str = "application/json"
    ) -> int:
        request = urllib.request.Request(
            self._base + path, body, {**self._headers, "Content-Type": content_type}, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=50) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return int(error.code)

    def write_everything(self, name: str) -> list[int]:
        """Return status codes of an upload, an MLflow experiment and one of its runs."""
        rows = "text,label\n" + "".join(f"{name} number {n},a\nbread {name} {n},b\n" for n in range(20))
        part = 'Content-Disposition: form-data; name="file"; filename="rows.csv"\r\nContent-Type: text/csv'
        upload = f"--b0\r\n{part}\r\n\r\n{rows}\r\n--b0--\r\n".encode()
        mlflow = "/api/2.0/mlflow"
        return [
            self.send("POST", "/api/v1/datasets", upload, "multipart/form-data; boundary=b0"),
            self.send("POST", f"{mlflow}/experiments/create", json.dumps({"name": name}).encode()),
            self.send("POST", f"{mlflow}/runs/create", b'{"experiment_id": "0"}'),
        ]

    def read_everything(self) -> list[int]:
        """Return status codes of a list, the home page and the health check."""
        return [self.send("GET", path) for path in ("/api/v1/datasets", "/home", "/api/v1/health")]


def _full_disk_under_a_server(folder: Path) -> Seen:
    """Fill the disk of a running server's project, and free it again."""
    home, temporary = folder / "home", folder / "tmp"
    home.mkdir()
    temporary.mkdir()
    with stores.small_disk(home, "60m") as mounted:
        if not mounted:
            return Seen(0, "left out: this process may mount no disk")
        veritrain(home, "status", str(stores.write_task(home / "tiny")))
        port, log = stores.refused_port(), folder / "serve.log"
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("MLFLOW_", "VERITRAIN_"))
        }
        with log.open("wb") as out:
            server = subprocess.Popen(
                [sys.executable, "-m", "veritrain_lib.cli.main", "serve", "--port", str(port)], cwd=home,
                env={**kept, "VERITRAIN_HOME": str(home), "TMPDIR": str(temporary)}, stdout=out, stderr=out,
                start_new_session=True,
            )  # fmt: skip
        try:
            _wait_for(f"http://127.0.0.1:{port}/api/v1/health")
            token = re.search(r"token=([\w-]+)", log.read_text(encoding="utf-8"))
            client = _Client(f"http://127.0.0.1:{port}", token.group(1) if token else "")
            with_room = (client.write_everything("before"), client.read_everything())
            stores.fill(home)
            full = (client.write_everything("full"), client.read_everything())
            (home / "fill").unlink()
            again = (client.write_everything("after"), client.read_everything())
            alive = server.poll() is None
        finally:
            server.terminate()
            server.wait(60)
        text = (
            f"with room {with_room}, full {full}, with room again {again}\n{log.read_text(encoding='utf-8')}"
        )
        good, refused = ([201, 200, 200], [200] * 3), ([503] * 3, [200] * 3)
        wrong = "" if (with_room, full, again) == (good, refused, good) and alive else text.splitlines()[0]
        return Seen(0, text, wrong=wrong)


CASES = [
    Case("outages/PostgreSQL away while a stage runs", _postgresql, 0, never_says=("Traceback",)),
    Case("outages/MLflow server away while a stage runs", _http, 0, never_says=("Traceback",)),
    Case("outages/full disk under a running server", _full_disk_under_a_server, 0, never_says=("Traceback",)),
]
