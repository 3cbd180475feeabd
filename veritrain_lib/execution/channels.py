"""Waiting for what a kernel's channels bring."""

from __future__ import annotations

import time
from queue import Empty
from typing import Any

from jupyter_client.asynchronous.client import AsyncKernelClient


async def answer(channel: Any, request: str, seconds: float) -> dict[str, Any] | None:
    """The reply to the message with id `request`, or None if it didn't come in time."""
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        try:
            message: dict[str, Any] = await channel.get_msg(timeout=left)
        except Empty:
            return None
        if message["parent_header"].get("msg_id") == request:
            return message
    return None


async def went_idle(client: AsyncKernelClient, request: str) -> bool:
    """Whether the output channel told that `request` was served: it is subscribed by then."""
    deadline = time.monotonic() + 0.1
    while (left := deadline - time.monotonic()) > 0:
        try:
            message = await client.iopub_channel.get_msg(timeout=left)
        except Empty:
            return False
        mine = message["parent_header"].get("msg_id") == request
        if mine and message["content"].get("execution_state") == "idle":
            return True
    return False
