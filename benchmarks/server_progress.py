"""Latency of progress events: 200 events of a running experiment by plain WebSocket and Socket.IO."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benchmarks.server_load import Ready
    from benchmarks.server_process import Served

EVENTS = 200
WITHIN_S = 30


@dataclass
class Followed:
    """Seconds of each event, sorted; empty where a client received nothing, with the reason."""

    plain: list[float] = field(default_factory=list)
    socket_io: list[float] = field(default_factory=list)
    why: str = ""

    @property
    def worst(self) -> float | None:
        """The larger p95; None when a client missed an event."""
        if min(len(self.plain), len(self.socket_io)) < EVENTS:
            return None
        return round(max(one[int(0.95 * len(one))] for one in (self.plain, self.socket_io)), 3)


async def follow(served: Served, ready: Ready) -> Followed:
    """Log to a round that is opened for this, while both clients listen."""
    from veritrain_lib.tracking import event_log, runs

    run_id = runs.open_run(ready.task, "followed", kind="round")
    event_log.append(run_id, "status", "begins", data={"status": "running"})
    written: dict[str, float] = {}
    received_at: tuple[dict[str, float], dict[str, float]] = ({}, {})
    found = Followed()
    tasks = [
        asyncio.create_task(_plain(served, run_id, received_at[0])),
        asyncio.create_task(_socket_io(served, run_id, received_at[1])),
    ]
    await asyncio.sleep(2)
    chance = random.Random(0)
    for number in range(EVENTS):
        name = f"event {number} of the benchmark"
        written[name] = time.perf_counter()
        said = {"stage": "train", "cell": number + 1, "cells": EVENTS, "step": number + 1, "title": name}
        await asyncio.to_thread(event_log.append, run_id, "progress", name, data=said)
        await asyncio.sleep(chance.uniform(0.005, 0.08))
    end = time.monotonic() + WITHIN_S
    while (
        time.monotonic() < end
        and any(written.keys() - one.keys() for one in received_at)
        and not all(one.done() for one in tasks)
    ):
        await asyncio.sleep(0.1)
    for task in tasks:
        task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    found.why = "; ".join(str(one) for one in results if isinstance(one, Exception))
    found.plain, found.socket_io = (
        sorted(at - written[name] for name, at in one.items() if name in written) for one in received_at
    )
    runs.end_run(run_id, "FINISHED")
    return found


async def _plain(served: Served, run_id: str, received_at: dict[str, float]) -> None:
    import aiohttp

    url = f"{served.address.replace('http', 'ws', 1)}/api/v1/experiments/{run_id}/stream"
    async with aiohttp.ClientSession() as session, session.ws_connect(url, headers=served.headers) as socket:
        async for message in socket:
            if message.type is aiohttp.WSMsgType.TEXT:
                said = json.loads(message.data)
                received_at.setdefault(str(said.get("message", "")), time.perf_counter())


async def _socket_io(served: Served, run_id: str, received_at: dict[str, float]) -> None:
    import aiohttp
    import socketio

    def received(said: dict[str, Any]) -> None:
        received_at.setdefault(str(said.get("message", "")), time.perf_counter())

    # A session that we close: the client would leave its own one to the garbage collector.
    async with aiohttp.ClientSession() as session:
        client = socketio.AsyncClient(reconnection=False, http_session=session)
        client.on(f"experiment:{run_id}", received)
        await client.connect(served.address, served.headers, transports=["websocket"])
        try:
            await client.emit("subscribe", {"type": "experiment", "id": run_id})
            await client.wait()
        finally:
            with contextlib.suppress(Exception):
                await client.disconnect()
