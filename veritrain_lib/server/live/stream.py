"""`WS /api/v1/experiments/{id}/stream`: every event of a run in order, from where the client was cut off."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, WebSocket, WebSocketDisconnect

from veritrain_lib.server.live import run_liveness
from veritrain_lib.server.live.event_tails import TAILS
from veritrain_lib.server.live.payloads import of_experiment

router = APIRouter(tags=["experiments"])

UNKNOWN, ENDED, BROKEN = 4404, 1000, 1011
"""Codes with which a stream is closed."""

HEARTBEAT_S = 15.0


@router.websocket("/experiments/{experiment_id}/stream")
async def stream(
    websocket: WebSocket, experiment_id: str, after: Annotated[int, Query(ge=0, le=2**53)] = 0
) -> None:
    """Send the lines behind number `after` as JSON, follow the run, and close with 1000 when it has ended.

    The last line has `ended: true`. A message `{"type": "heartbeat"}` without a number comes every 15 s. What a
    client sends is ignored; one that does not read is waited for, and costs no memory.
    """
    await websocket.accept()
    if not await asyncio.to_thread(run_liveness.is_known, "experiment", experiment_id):
        await websocket.close(UNKNOWN, "there is no such experiment")
        return
    tasks = [asyncio.create_task(work) for work in (_send(websocket, experiment_id, after), _hear(websocket))]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
    fault = results[0] if isinstance(results[0], Exception) else None
    with contextlib.suppress(RuntimeError, WebSocketDisconnect):  # the client may be gone
        if tasks[0] in done:
            await websocket.close(BROKEN if fault else ENDED, "" if fault else "the experiment has ended")
    if fault is not None and not isinstance(fault, WebSocketDisconnect):
        raise fault


async def _send(websocket: WebSocket, run_id: str, after: int) -> None:
    """One sender at a time: a heartbeat never lands inside a message."""
    sending = asyncio.Lock()

    async def beat() -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_S)
            async with sending:
                await websocket.send_json({"type": "heartbeat", "time": datetime.now(UTC).isoformat()})

    beating = asyncio.create_task(beat())
    try:
        lines = TAILS.follow(run_id, after, settle=partial(run_liveness.settle, run_id))
        async with contextlib.aclosing(lines):  # type: ignore[type-var]
            async for line in lines:
                said = of_experiment(run_id, line)
                whole = {**said, **asdict(line), "data": {**line.data, **said.get("data", {})}}
                async with sending:
                    await websocket.send_json(whole)
    finally:
        beating.cancel()


async def _hear(websocket: WebSocket) -> None:
    """Read until the client is gone."""
    with contextlib.suppress(WebSocketDisconnect):
        while True:
            await websocket.receive_text()
