"""What is counted, and /metrics. Right with several worker processes: `veritrain serve` gives them one folder.

prometheus_client reads `PROMETHEUS_MULTIPROC_DIR` when it is first imported: nothing here imports it before use.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router

from veritrain_lib.core import project
from veritrain_lib.core.errors import Infrastructure
from veritrain_lib.core.machine_fault import machine_fault

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""The environment variable by which the processes of one server share their counts."""

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper ends of the classes of durations; 0.15 is what a page of a list may take."""

_LIVE = re.compile(r"_live\w*_(\d+)\.db$")


class Metrics:
    """The server's own counts, since it was started."""

    def __init__(self, registry: CollectorRegistry) -> None:
        from prometheus_client import Counter, Gauge, Histogram

        by = ("method", "route", "status")
        self.requests: Counter = Counter(
            "veritrain_http_requests", "Requests that were answered", by, registry=registry
        )
        self.durations: Histogram = Histogram(
            "veritrain_http_request_seconds", "Seconds from a request to the end of its answer",
            ("method", "route"), buckets=SECONDS, registry=registry,
        )  # fmt: skip
        self.sockets: Gauge = Gauge(
            "veritrain_websocket_clients", "WebSockets that are open", registry=registry,
            multiprocess_mode="livesum",
        )  # fmt: skip


ROOM = {"counter": 2_097_152, "histogram": 4_194_304, "gauge_livesum": 65_536}
"""Bytes of the files that this process maps, by prometheus_client's name for the kind: some three times what every
method, route and status together take."""


@cache
def metrics() -> Metrics:
    """Those of this process, made at first use."""
    _take_room()
    return Metrics(_own())


def _take_room() -> None:
    """Write the files that prometheus_client is about to map.

    It would make them as holes: a hole that can't be filled, since the disk is full, ends the process by SIGBUS
    without a word. Where there is no room now, this process counts in memory only.
    """
    folder = os.environ.get(FOLDER)
    if not folder:
        return
    try:
        for kind, size in ROOM.items():
            file = Path(folder) / f"{kind}_{os.getpid()}.db"
            if not file.exists():
                part = file.with_suffix(".part")
                part.write_bytes(bytes(size))
                part.replace(file)
    except OSError as error:
        os.environ.pop(FOLDER)
        logging.getLogger(__name__).warning(
            "counts of this process are not shared with the server's others: %s",
            machine_fault(error) or error,
        )


@cache
def _own() -> CollectorRegistry:
    from prometheus_client import CollectorRegistry

    return CollectorRegistry()


def exposition() -> tuple[bytes, str]:
    """Everything that is counted or gathered now, and its media type."""
    from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
    from prometheus_client.multiprocess import MultiProcessCollector

    from veritrain_lib.server.observability.gauges import Gathered

    metrics()
    gathered = CollectorRegistry()
    gathered.register(Gathered())
    if folder := os.environ.get(FOLDER):
        _forget_the_dead(Path(folder))
        counted = CollectorRegistry()
        MultiProcessCollector(counted, path=folder)  # type: ignore[no-untyped-call]
    else:
        counted = _own()
    return generate_latest(counted) + _latest(gathered), CONTENT_TYPE_LATEST


def _latest(gathered: CollectorRegistry) -> bytes:
    """What is read from the record now; nothing while it is away, when the counts are wanted most."""
    from prometheus_client import generate_latest

    try:
        return generate_latest(gathered)
    except Exception as error:
        why = machine_fault(error) or (str(error) if isinstance(error, Infrastructure) else None)
        if why is None:
            raise
        logging.getLogger(__name__).warning("metrics without those of the record: %s", why)
        return b""


def new_folder() -> Path:
    """An empty folder for the counts of a server that this process becomes; those of servers that are gone go.

    Its name says whose it is, as the desks of notebooks beside it do: nobody clears away what a living process uses.
    """
    from veritrain_lib.tracking import runs

    running = project.state("running")
    for old in running.glob("*~metrics"):
        if runs.alive(old.name.removesuffix("~metrics").replace("~", "/")) is False:
            shutil.rmtree(old, ignore_errors=True)
    made = running / f"{runs.owner().replace('/', '~')}~metrics"
    shutil.rmtree(made, ignore_errors=True)
    made.mkdir(parents=True)
    return made


def _forget_the_dead(folder: Path) -> None:
    """A worker that died holds no socket any more; what it counted stays counted."""
    import psutil

    for file in folder.glob("*_live*_*.db"):
        found = _LIVE.search(file.name)
        if found and not psutil.pid_exists(int(found[1])):
            file.unlink(missing_ok=True)


def _answer(request: Request) -> Response:
    content, kind = exposition()
    return Response(content, headers={"Content-Type": kind})


router = Router(routes=[Route("/metrics", _answer)])
