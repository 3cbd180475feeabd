"""The server `veritrain serve` as a separate process for the duration of a context."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.machine_services import free_port

UP_WITHIN_S = 180


@dataclass(frozen=True)
class Served:
    """A running server; `log` contains its standard error."""

    address: str
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def headers(self) -> dict[str, str]:
        """The headers of a client: the token of the server's access link, where there are no accounts."""
        file = self.log.parent / ".veritrain" / "link_token"
        return {"Authorization": f"Bearer {file.read_text(encoding='ascii')}"} if file.is_file() else {}

    def openapi(self) -> dict[str, Any]:
        """Return the API's OpenAPI description."""
        request = urllib.request.Request(f"{self.address}/api/v1/openapi.json", headers=self.headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return dict(json.load(answer))


@contextmanager
def serving(
    environment: Mapping[str, str], *, workers: int = 1, command: list[str] | None = None
) -> Iterator[Served]:
    """Start the server, wait until it responds, and stop it with SIGTERM at the end.

    `command` replaces `veritrain serve`; `PORT` in it is replaced by the port.

    Raises:
        RuntimeError: the server does not start; the message contains its log.
    """
    port = free_port()
    line = command or [
        sys.executable,
        "-m",
        "veritrain_lib.cli.main",
        "serve",
        "--port",
        "PORT",
        "--workers",
        str(workers),
    ]
    log = Path(environment["VERITRAIN_HOME"]) / f"server-{port}.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [str(port) if part == "PORT" else part for part in line],
            env=dict(environment), stdout=out, stderr=out, cwd=environment["VERITRAIN_HOME"],
        )  # fmt: skip
        served = Served(f"http://127.0.0.1:{port}", process, log)
        try:
            _wait(served)
            yield served
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                process.kill()
                raise


def _wait(served: Served) -> None:
    end = time.monotonic() + UP_WITHIN_S
    while time.monotonic() < end and served.process.poll() is None:
        try:
            urllib.request.urlopen(f"{served.address}/health", timeout=10).close()
            return
        except urllib.error.HTTPError:
            return  # it answers: a login is needed
        except OSError:
            time.sleep(0.3)
    raise RuntimeError(f"the server did not come up: {served.log.read_text(encoding='utf-8')[-3000:]}")
