"""Who follows what over Socket.IO: each subscription sends lines of one run's events at its client's own pace."""

from __future__ import annotations

import asyncio
import contextlib
from collections import defaultdict
from functools import partial
from typing import Any

from veritrain_lib.core import event_log
from veritrain_lib.server.live import payloads, run_liveness
from veritrain_lib.server.live.event_tails import TAILS

MOST = 100
"""Subscriptions of one connection."""

FULL = 8
"""Packets that wait in a connection's queue before the next is held back: a client that does not read costs no
memory, and no answer of a poll has more packets than the libraries of clients take (16)."""

PAUSE_S = 0.005

Key = tuple[str, str]


class Subscriptions:
    """Those of this process, by connection."""

    def __init__(self, server: Any) -> None:
        self._server = server
        self._of: defaultdict[str, dict[Key, asyncio.Task[None]]] = defaultdict(dict)

    async def subscribe(self, sid: str, given: Any = None) -> dict[str, Any]:
        """Follow `{type: "experiment" | "dataset" | "notifications", id, after?}`. The answer says whether it is
        followed from now on, or why not.

        Lines behind number `after` are sent, then new ones; without it an experiment or dataset is told from its
        beginning, and of notifications only new ones. Who is subscribed already and gives no `after` just stays.
        """
        key, after, wrong = _read(given)
        if wrong:
            return {"ok": False, "error": wrong}
        kind, name = key
        if kind != "notifications" and not await asyncio.to_thread(run_liveness.is_known, kind, name):  # type: ignore[arg-type]
            return {"ok": False, "error": f"there is no {kind} {name[:64]!r}"}
        mine = self._of[sid]
        before = mine.get(key)
        if before is not None and not before.done() and after is None:
            return {"ok": True}
        if before is None and len(mine) >= MOST:
            return {"ok": False, "error": f"a connection may follow {MOST} things"}
        if before is not None:
            before.cancel()
        if after is None:
            after = await asyncio.to_thread(event_log.last_number, name) if kind == "notifications" else 0
        mine[key] = asyncio.create_task(self._send(sid, key, after), name=f"{kind} {name[:8]} to {sid[:8]}")
        return {"ok": True}

    async def unsubscribe(self, sid: str, given: Any = None) -> dict[str, Any]:
        """Follow it no more."""
        key, _, wrong = _read(given)
        task = self._of[sid].pop(key, None) if not wrong else None
        if task is not None:
            task.cancel()
        return {"ok": False, "error": wrong} if wrong else {"ok": True}

    async def leave(self, sid: str, reason: Any = None) -> None:
        """A client is gone; what it missed it asks for when it comes again."""
        for task in self._of.pop(sid, {}).values():
            task.cancel()

    async def _send(self, sid: str, key: Key, after: int) -> None:
        kind, name = key
        shape = {"experiment": payloads.of_experiment, "dataset": payloads.of_dataset}.get(
            kind, payloads.of_notification
        )
        settle = None if kind == "notifications" else partial(run_liveness.settle, name)
        event = "notification" if kind == "notifications" else f"{kind}:{name}"
        lines = TAILS.follow(name, after, settle=settle, until_end=kind == "experiment")
        async with contextlib.aclosing(lines):  # type: ignore[type-var]
            async for line in lines:
                if not await self._has_room(sid):
                    return
                await self._server.emit(event, shape(name, line), to=sid)

    async def _has_room(self, sid: str) -> bool:
        """Wait until the connection takes more; False when it is gone."""
        while True:
            session = self._server.manager.eio_sid_from_sid(sid, "/")
            socket = self._server.eio.sockets.get(session)
            if socket is None or socket.closed:
                return False
            if socket.queue.qsize() < FULL:
                return True
            await asyncio.sleep(PAUSE_S)


def _read(given: Any) -> tuple[Key, int | None, str]:
    """What is meant, from which number on, and what is wrong with it."""
    none = ("", "")
    if not isinstance(given, dict) or given.get("type") not in ("experiment", "dataset", "notifications"):
        return none, None, "type must be experiment, dataset or notifications"
    kind = str(given["type"])
    after = given.get("after")
    if after is not None and (isinstance(after, bool) or not isinstance(after, int) or after < 0):
        return none, None, "after must be the number of the last line that came, from 0"
    if kind == "notifications":
        return (kind, event_log.NOTIFICATIONS), after, ""
    name = given.get("id")
    if not isinstance(name, str) or not name:
        return none, None, "id must be a text"
    return (kind, name), after, ""
