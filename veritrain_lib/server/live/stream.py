"""WebSocket `/api/v1/experiments/{id}/stream`: all events of an experiment in order, from any line number on."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query, WebSocket, WebSocketDisconnect

from veritrain_lib.server.live import run_liveness
from veritrain_lib.server.live.event_tails import EVENT_TAILS
from veritrain_lib.server.live.payloads import experiment_payload

router = APIRouter(tags=["experiments"])

NOT_FOUND, ENDED, INTERNAL_ERROR = 4404, 1000, 1011
"""WebSocket close codes: there is no such experiment, the experiment has ended, the server failed."""

HEARTBEAT_S = 15.0
"""Seconds between two heartbeat messages."""


@router.websocket("/experiments/{experiment_id}/stream")
async def stream(
    websocket: WebSocket, experiment_id: str, after: Annotated[int, Query(ge=0, le=2**53)] = 0
) -> None:
    """Send the events of an experiment after line number `after` as JSON, then new ones; close with 1000 at its end.

    The last event has `ended: true`. Every 15 s a message `{"type": "heartbeat"}`, which has no line number, is sent.
    Messages from the client are ignored. Nothing is queued for a client that reads slowly. The WebSocket is closed with
    4404 if there is no such experiment, and with 1011 if its events can't be read.
    """
    await websocket.accept()
    if not await asyncio.to_thread(run_liveness.run_exists, "experiment", experiment_id):
        await websocket.close(NOT_FOUND, "there is no such experiment")
        return
    tasks = [
        asyncio.create_task(work)
        for work in (_send_events(websocket, experiment_id, after), _wait_for_disconnect(websocket))
    ]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
    error = results[0] if isinstance(results[0], Exception) else None
    with contextlib.suppress(RuntimeError, WebSocketDisconnect):  # the client may have disconnected
        if tasks[0] in done:
            await websocket.close(
                INTERNAL_ERROR if error else ENDED, "" if error else "the experiment has ended"
            )
    if error is not None and not isinstance(error, WebSocketDisconnect):
        raise error


async def _send_events(websocket: WebSocket, run_id: str, after: int) -> None:
    """Send an experiment's events after a line number, and heartbeats in between, until the experiment ends."""
    sending = asyncio.Lock()

    async def send_heartbeats() -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_S)
            async with sending:
                await websocket.send_json({"type": "heartbeat", "time": datetime.now(UTC).isoformat()})

    heartbeats = asyncio.create_task(send_heartbeats())
    try:
        lines = EVENT_TAILS.follow(run_id, after, settle=partial(run_liveness.settle, run_id))
        async with contextlib.aclosing(lines):  # type: ignore[type-var]
            async for line in lines:
                payload = experiment_payload(run_id, line)
                message = {**payload, **asdict(line), "data": {**line.data, **payload.get("data", {})}}
                async with sending:
                    await websocket.send_json(message)
    finally:
        heartbeats.cancel()


async def _wait_for_disconnect(websocket: WebSocket) -> None:
    """Read and ignore the client's messages until it has disconnected."""
    with contextlib.suppress(WebSocketDisconnect):
        while True:
            await websocket.receive_text()
