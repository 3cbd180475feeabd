"""Socket.IO subscriptions: each sends the events of one run to one client, as fast as the client reads."""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict
from functools import partial
from typing import Any

from veritrain_lib.server.live import payloads, run_liveness
from veritrain_lib.server.live.event_tails import EVENT_TAILS
from veritrain_lib.tracking import event_log

MAX_SUBSCRIPTIONS = 100
"""Maximum number of subscriptions of one connection."""

MAX_QUEUED_PACKETS = 8
"""Number of packets in a connection's queue from which on no further event is added.

So a client that does not read costs no memory, and no polling response has more packets than client libraries accept
(16).
"""

PAUSE_S = 0.005
"""Seconds between two checks whether a full queue has room again."""

SubscriptionKey = tuple[str, str]
"""Kind of a subscription (`experiment`, `dataset`, `notifications`) and the id of the run or log."""


class Subscriptions:
    """Socket.IO subscriptions of all clients of this process.

    Args:
        server: The `socketio.AsyncServer`.
    """

    def __init__(self, server: Any) -> None:
        self._server = server
        self._tasks: defaultdict[str, dict[SubscriptionKey, asyncio.Task[None]]] = defaultdict(dict)

    async def subscribe(self, sid: str, request: Any = None) -> dict[str, Any]:
        """Start to send a client the events of an experiment, of a dataset, or all notifications.

        Args:
            sid: Id of the connection.
            request: JSON object of the client: `type`, `id` (not for notifications) and optionally `after`. Events
                after line number `after` are sent, then new ones. Without `after`, an experiment or dataset starts with
                its first event and notifications with the next new one; an existing subscription stays as it is.

        Returns:
            `{"ok": true}`, or `{"ok": false, "error": TEXT}`.
        """
        key, after, error = _parse_request(request)
        if error:
            return {"ok": False, "error": error}
        kind, name = key
        if kind != "notifications" and not await asyncio.to_thread(run_liveness.run_exists, kind, name):  # type: ignore[arg-type]
            return {"ok": False, "error": f"there is no {kind} {name[:64]!r}"}
        tasks = self._tasks[sid]
        previous = tasks.get(key)
        if previous is not None and not previous.done() and after is None:
            return {"ok": True}
        if previous is None and len(tasks) >= MAX_SUBSCRIPTIONS:
            return {"ok": False, "error": f"a connection may have at most {MAX_SUBSCRIPTIONS} subscriptions"}
        if previous is not None:
            previous.cancel()
        if after is None:
            after = await asyncio.to_thread(event_log.last_number, name) if kind == "notifications" else 0
        tasks[key] = asyncio.create_task(self._send(sid, key, after), name=f"{kind} {name[:8]} to {sid[:8]}")
        return {"ok": True}

    async def unsubscribe(self, sid: str, request: Any = None) -> dict[str, Any]:
        """End one subscription of a client.

        Args:
            sid: Id of the connection.
            request: JSON object of the client, as in `subscribe`.

        Returns:
            `{"ok": true}`, also if there was no such subscription, or `{"ok": false, "error": TEXT}`.
        """
        key, _, error = _parse_request(request)
        task = self._tasks[sid].pop(key, None) if not error else None
        if task is not None:
            task.cancel()
        return {"ok": False, "error": error} if error else {"ok": True}

    async def leave(self, sid: str, reason: Any = None) -> None:
        """End all subscriptions of a client that has disconnected.

        A client that connects again can ask for the events that it missed by `after` in `subscribe`.
        """
        for task in self._tasks.pop(sid, {}).values():
            task.cancel()

    async def _send(self, sid: str, key: SubscriptionKey, after: int) -> None:
        """Send the events of one subscription to a client until the run ends or the connection closes."""
        kind, name = key
        make_payload = {"experiment": payloads.experiment_payload, "dataset": payloads.dataset_payload}.get(
            kind, payloads.notification_payload
        )
        settle = None if kind == "notifications" else partial(run_liveness.settle, name)
        event = "notification" if kind == "notifications" else f"{kind}:{name}"
        lines = EVENT_TAILS.follow(name, after, settle=settle, until_end=kind == "experiment")
        async with contextlib.aclosing(lines):  # type: ignore[type-var]
            async for line in lines:
                if not await self._has_room(sid):
                    return
                await self._server.emit(event, make_payload(name, line), to=sid)

    async def _has_room(self, sid: str) -> bool:
        """Wait until a connection's queue has room for another packet; return False if the connection has closed."""
        while True:
            session = self._server.manager.eio_sid_from_sid(sid, "/")
            socket = self._server.eio.sockets.get(session)
            if socket is None or socket.closed:
                return False
            if socket.queue.qsize() < MAX_QUEUED_PACKETS:
                return True
            await asyncio.sleep(PAUSE_S)


def _parse_request(request: Any) -> tuple[SubscriptionKey, int | None, str]:
    """Return the parts of a client's request to subscribe.

    Returns:
        The kind and id of the subscription, the line number to start after (None if not given), and an error message
        (empty if the request is valid).
    """
    no_key = ("", "")
    if not isinstance(request, dict) or request.get("type") not in ("experiment", "dataset", "notifications"):
        return no_key, None, "type must be experiment, dataset or notifications"
    kind = str(request["type"])
    after = request.get("after")
    if after is not None and (isinstance(after, bool) or not isinstance(after, int) or after < 0):
        return no_key, None, "after must be the number of the last line that came, from 0"
    if kind == "notifications":
        return (kind, event_log.NOTIFICATIONS), after, ""
    name = request.get("id")
    if not isinstance(name, str) or not name:
        return no_key, None, "id must be a text"
    return (kind, name), after, ""
