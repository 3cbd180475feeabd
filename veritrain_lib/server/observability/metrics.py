"""Prometheus metrics of the server's requests, and the route /metrics.

All processes of the server count in one shared folder, which `veritrain serve` creates. The library prometheus_client
reads `PROMETHEUS_MULTIPROC_DIR` when it is first imported, so it is imported only at first use.
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

FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
"""Environment variable that names the folder in which the processes of one server share their counts."""

DURATION_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds of the histogram's buckets in seconds; 0.15 is the target for one page of a list."""

_LIVE_GAUGE_FILE = re.compile(r"_live\w*_(\d+)\.db$")


class ServerMetrics:
    """Prometheus metrics of the server's requests since its start.

    Attributes:
        requests: Number of answered requests, by method, route and status.
        durations: Seconds from a request to the end of its response, by method and route.
        sockets: Number of open WebSockets.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        from prometheus_client import Counter, Gauge, Histogram

        labels = ("method", "route", "status")
        self.requests: Counter = Counter(
            "veritrain_http_requests", "Requests that were answered", labels, registry=registry
        )
        self.durations: Histogram = Histogram(
            "veritrain_http_request_seconds", "Seconds from a request to the end of its answer",
            ("method", "route"), buckets=DURATION_BUCKETS_S, registry=registry,
        )  # fmt: skip
        self.sockets: Gauge = Gauge(
            "veritrain_websocket_clients", "WebSockets that are open", registry=registry,
            multiprocess_mode="livesum",
        )  # fmt: skip


FILE_BYTES = {"counter": 2_097_152, "histogram": 4_194_304, "gauge_livesum": 65_536}
"""Size in bytes of each file in which a process keeps its counts, by prometheus_client's name for its kind.

It is about three times what all combinations of method, route and status take.
"""


@cache
def metrics() -> ServerMetrics:
    """Return the request metrics of this process, which are created at first use."""
    _preallocate_files()
    return ServerMetrics(_process_registry())


def _preallocate_files() -> None:
    """Write the files in which prometheus_client is about to keep this process's counts, at full size.

    The library would create sparse files. If the disk were full when such a file is filled, the system would end the
    process (SIGBUS) without a message. If there is no space now, this process counts in memory only.
    """
    folder = os.environ.get(FOLDER_VARIABLE)
    if not folder:
        return
    try:
        for kind, size in FILE_BYTES.items():
            path = Path(folder) / f"{kind}_{os.getpid()}.db"
            if not path.exists():
                part = path.with_suffix(".part")
                part.write_bytes(bytes(size))
                part.replace(path)
    except OSError as error:
        os.environ.pop(FOLDER_VARIABLE)
        logging.getLogger(__name__).warning(
            "counts of this process are not shared with the server's others: %s",
            machine_fault(error) or error,
        )


@cache
def _process_registry() -> CollectorRegistry:
    """Return the Prometheus registry of this process."""
    from prometheus_client import CollectorRegistry

    return CollectorRegistry()


def exposition() -> tuple[bytes, str]:
    """Return all metrics of the server in Prometheus' text format, and the media type of that format."""
    from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
    from prometheus_client.multiprocess import MultiProcessCollector

    from veritrain_lib.server.observability.gauges import RecordCollector
    from veritrain_lib.server.observability.job_gauges import JobCollector

    metrics()
    record_registry = CollectorRegistry()
    record_registry.register(RecordCollector())
    record_registry.register(JobCollector())
    if folder := os.environ.get(FOLDER_VARIABLE):
        _remove_dead_gauges(Path(folder))
        count_registry = CollectorRegistry()
        MultiProcessCollector(count_registry, path=folder)  # type: ignore[no-untyped-call]
    else:
        count_registry = _process_registry()
    return generate_latest(count_registry) + _record_metrics(record_registry), CONTENT_TYPE_LATEST


def _record_metrics(registry: CollectorRegistry) -> bytes:
    """Return the metrics that are read from the databases, in text format; empty if these can't be reached."""
    from prometheus_client import generate_latest

    try:
        return generate_latest(registry)
    except Exception as error:
        reason = machine_fault(error) or (str(error) if isinstance(error, Infrastructure) else None)
        if reason is None:
            raise
        logging.getLogger(__name__).warning("metrics without those of the record: %s", reason)
        return b""


def new_folder() -> Path:
    """Create an empty folder in which the server's processes share their counts, and return its path.

    The folders of servers that have ended are removed. A folder's name contains that of the process that owns it, so
    that no folder of a living server is removed.
    """
    from veritrain_lib.tracking import runs

    running = project.state("running")
    for folder_of_process in running.glob("*~metrics"):
        if runs.is_alive(folder_of_process.name.removesuffix("~metrics").replace("~", "/")) is False:
            shutil.rmtree(folder_of_process, ignore_errors=True)
    folder = running / f"{runs.owner().replace('/', '~')}~metrics"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _remove_dead_gauges(folder: Path) -> None:
    """Remove the gauge files (open WebSockets) of processes that have died. Their counters stay."""
    import psutil

    for file in folder.glob("*_live*_*.db"):
        match = _LIVE_GAUGE_FILE.search(file.name)
        if match and not psutil.pid_exists(int(match[1])):
            file.unlink(missing_ok=True)


def _respond(request: Request) -> Response:
    """Return the response of GET /metrics."""
    content, media_type = exposition()
    return Response(content, headers={"Content-Type": media_type})


router = Router(routes=[Route("/metrics", _respond)])
