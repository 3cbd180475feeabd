"""Socket.IO under /socket.io/: clients subscribe to experiments, datasets and notifications.

Sessions of long polling live in one worker process; `relay` brings their requests there.
"""

from __future__ import annotations

import importlib
from typing import Any

from veritrain_lib.server.live.relay import Relay
from veritrain_lib.server.live.subscriptions import Subscriptions

LARGEST = 100_000
"""Bytes of a message from a client; what clients say is short."""


def socket_app() -> Relay:
    """The ASGI application of Engine.IO and Socket.IO."""
    import socketio

    # Origins are the gatekeeper's to judge: an empty list switches the library's own check off.
    server = socketio.AsyncServer(
        async_mode="asgi", cors_allowed_origins=[], max_http_buffer_size=LARGEST, namespaces=["/"]
    )
    subscriptions = Subscriptions(server)
    server.on("connect", _connect)
    server.on("disconnect", subscriptions.leave)
    server.on("subscribe", subscriptions.subscribe)
    server.on("unsubscribe", subscriptions.unsubscribe)
    relay = Relay(socketio.ASGIApp(server, socketio_path=""))
    server.eio.generate_id = relay.new_session
    return relay


async def _connect(sid: str, environ: dict[str, Any], auth: Any = None) -> None:
    """Refuse who has no login where one is needed: a token in `auth`, in the header, or what the gatekeeper found."""
    from socketio.exceptions import ConnectionRefusedError as Refused

    from veritrain_lib.server.environment import environment

    if not environment().needs_login:
        return
    if environ.get("asgi.scope", {}).get("state", {}).get("caller") is not None:
        return  # the gatekeeper knows who it is
    import asyncio

    from veritrain_lib.errors import UserError

    caller_of = importlib.import_module("veritrain_lib.server.security.tokens").caller_of
    given = auth.get("token") if isinstance(auth, dict) else None
    scheme, _, bearer = str(environ.get("HTTP_AUTHORIZATION", "")).partition(" ")
    token = given or (bearer if scheme.lower() == "bearer" else "")
    try:
        caller = await asyncio.to_thread(caller_of, str(token)) if token else None
    except UserError:
        caller = None
    if caller is None:
        raise Refused("a login is needed: send auth {token}")
