"""Functions that wait for messages of a Jupyter kernel on its channels."""

from __future__ import annotations

import time
from queue import Empty
from typing import Any

from jupyter_client.asynchronous.client import AsyncKernelClient


async def wait_for_reply(channel: Any, request_id: str, seconds: float) -> dict[str, Any] | None:
    """Return a kernel's reply to the request with this message id; None if it did not come within `seconds`."""
    deadline = time.monotonic() + seconds
    while (remaining := deadline - time.monotonic()) > 0:
        try:
            message: dict[str, Any] = await channel.get_msg(timeout=remaining)
        except Empty:
            return None
        if message["parent_header"].get("msg_id") == request_id:
            return message
    return None


async def wait_for_idle(client: AsyncKernelClient, request_id: str) -> bool:
    """Wait at most 0.1 s for the kernel's message that it is idle after a request; return whether it came.

    It comes on the output channel (iopub), so it proves that the kernel's outputs arrive.

    Args:
        client: Client of the kernel.
        request_id: Message id of the request.
    """
    deadline = time.monotonic() + 0.1
    while (remaining := deadline - time.monotonic()) > 0:
        try:
            message = await client.iopub_channel.get_msg(timeout=remaining)
        except Empty:
            return False
        matches = message["parent_header"].get("msg_id") == request_id
        if matches and message["content"].get("execution_state") == "idle":
            return True
    return False
