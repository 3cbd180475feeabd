"""Load test: 50 clients read while 5 experiments run; counts failed requests and lost log lines."""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import aiohttp

    from benchmarks.server_process import Served
    from veritrain_lib.core.task import Task

CLIENTS, AT_ONCE = 50, 5
PAUSE_S = (0.2, 1.0)
"""Between two requests of a client, as a page that is looked at makes them."""

PATHS = (
    "/home", "/home/now", "/api/v1/models", "/api/v1/datasets", "/api/v1/experiments", "/api/v1/evaluations",
    "/api/v1/reports", "/api/v1/experiments/{id}", "/api/v1/experiments/{id}/logs?limit=1000",
    "/ajax-api/2.0/mlflow/experiments/search?max_results=5",
)  # fmt: skip


@dataclass(frozen=True)
class Ready:
    """A tiny task whose seed rows have passed the gate and trained a first model."""

    task: Task
    dataset_id: str
    model_id: str


@dataclass
class Loaded:
    """The result of the load test.

    `errors` counts by kind; `lost` counts lines that were logged and not delivered.
    """

    clients: int
    seconds: float = 0.0
    requests: int = 0
    experiments: int = 0
    lines: int = 0
    lost: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    times: list[float] = field(default_factory=list)

    @property
    def p95_ms(self) -> float:
        """Return the p95 of a request in ms."""
        ordered = sorted(self.times)
        return ordered[int(0.95 * len(ordered))] * 1000 if ordered else 0.0


def prepare(home: Path) -> Ready:
    """Write the task and run its seed round by the functions of the command line."""
    from tests.stages.tiny_task import write_tiny
    from veritrain_lib.execution.jobs import LocalRunner
    from veritrain_lib.loop.stage_job import run_stage
    from veritrain_lib.stages.inputs.tasks import find_task

    task = find_task(str(write_tiny(home / "task")))
    gate = run_stage(task, "gate", {"dataset": "seed", "seed": 0}, runner=LocalRunner())
    run_stage(task, "train", {"dataset": f"{task.name}@1", "seed": 0}, runner=LocalRunner())
    return Ready(task, gate.run_id, f"{task.name}-1")


async def load(served: Served, ready: Ready, seconds: float) -> Loaded:
    """Read and run until the time is over and all started experiments have ended, then check every line."""
    import aiohttp

    found = Loaded(CLIENTS)
    begun: list[str] = []
    end = time.monotonic() + seconds
    numbers = itertools.count(1)
    limits = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(
        served.address, connector=limits, timeout=aiohttp.ClientTimeout(60), headers=served.headers
    ) as session:
        start = time.monotonic()
        work = [_work(session, ready, numbers, begun, end, found) for _ in range(AT_ONCE)]
        reading = [_read(session, begun, end, found, number) for number in range(CLIENTS)]
        await asyncio.gather(*work, *reading)
        found.seconds = time.monotonic() - start
        for run_id in begun:
            await _compare(session, run_id, found)
    return found


async def _work(
    session: aiohttp.ClientSession, ready: Ready, numbers: Any, begun: list[str], end: float, found: Loaded
) -> None:
    """Run one experiment after another, and follow each to its end."""
    while time.monotonic() < end:
        number = next(numbers)
        body = {
            "name": f"experiment {number}", "task": ready.task.name, "direction": ready.task.name,
            "baseModelId": ready.model_id, "datasetId": ready.dataset_id, "config": {"seed": number},
        }  # fmt: skip
        made = await _ask(session, "POST", "/api/v1/experiments", found, body)
        if made is None:
            return
        begun.append(made["id"])
        if await _ask(session, "POST", f"/api/v1/experiments/{made['id']}/start", found) is None:
            return
        await _stream(session, made["id"], found)
        status = await _ask(session, "GET", f"/api/v1/experiments/{made['id']}", found)
        if status is not None and status["status"] != "completed":
            found.errors[f"an experiment ended {status['status']}"] += 1
        found.experiments += 1


async def _stream(session: aiohttp.ClientSession, run_id: str, found: Loaded) -> None:
    """Follow a stream to its end; a gap or a repetition in the numbers is a lost line."""
    import aiohttp

    seen: list[int] = []
    try:
        async with session.ws_connect(f"/api/v1/experiments/{run_id}/stream") as socket:
            async for message in socket:
                if message.type is aiohttp.WSMsgType.TEXT:
                    said = json.loads(message.data)
                    seen += [said["seq"]] if "seq" in said else []
    except (OSError, aiohttp.ClientError) as error:
        found.errors[f"stream: {type(error).__name__}"] += 1
    from veritrain_lib.tracking import event_log

    written = [event.seq for event in event_log.read(run_id)]
    found.lines += len(written)
    found.lost += len(set(written) - set(seen)) + (seen != sorted(set(seen)))


async def _read(
    session: aiohttp.ClientSession, begun: list[str], end: float, found: Loaded, number: int
) -> None:
    chance = random.Random(number)
    while time.monotonic() < end:
        path = chance.choice(PATHS)
        if "{id}" in path:
            if not begun:
                await asyncio.sleep(0.1)
                continue
            path = path.replace("{id}", chance.choice(begun))
        await _ask(session, "GET", path, found)
        await asyncio.sleep(chance.uniform(*PAUSE_S))


async def _ask(
    session: aiohttp.ClientSession, method: str, path: str, found: Loaded, body: Any = None
) -> Any:
    """Send a request; return the response, or None and count an error for anything but success."""
    import aiohttp

    began = time.perf_counter()
    found.requests += 1
    try:
        async with session.request(method, path, json=body) as answer:
            content = await answer.read()
    except (OSError, TimeoutError, aiohttp.ClientError) as error:
        found.errors[f"{method} {path.split('?')[0]}: {type(error).__name__}"] += 1
        return None
    found.times.append(time.perf_counter() - began)
    if answer.status >= 400:
        found.errors[f"{method} {path.split('?')[0]}: {answer.status} {content[:200]!r}"] += 1
        return None
    return json.loads(content) if "json" in answer.content_type else True


async def _compare(session: aiohttp.ClientSession, run_id: str, found: Loaded) -> None:
    """Compare what the log route returns for a run, page by page, with what was written."""
    from veritrain_lib.tracking import event_log

    written = [event.message for event in event_log.read(run_id)]
    given: list[str] = []
    while True:
        path = f"/api/v1/experiments/{run_id}/logs?limit=1000&offset={len(given)}"
        page = await _ask(session, "GET", path, found)
        lines = page["logs"] if isinstance(page, dict) else page or []
        given += [line["message"] for line in lines]
        if len(lines) < 1000:
            break
    found.lost += sum((Counter(written) - Counter(given)).values())
