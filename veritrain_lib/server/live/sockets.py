"""Socket.IO under /socket.io/: clients subscribe to experiments, datasets and notifications.

The gatekeeper judges each request of a handshake by its cookie, its header or the `token` of its address. A client that
shows none of these may show a token by Socket.IO's own `auth` when it connects (`admission.py`); until then it hears
nothing, and is closed after some seconds.
Sessions of long polling live in one worker process; `relay` brings their requests there.
"""

from __future__ import annotations

from typing import Any

from veritrain_lib.server.live.admission import Admission
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
    subscriptions, admission = Subscriptions(server), Admission(server)

    async def leave(sid: str, reason: Any = None) -> None:
        admission.leave(sid)
        await subscriptions.leave(sid, reason)

    server.on("connect", admission.connect)
    server.on("disconnect", leave)
    server.on("subscribe", subscriptions.subscribe)
    server.on("unsubscribe", subscriptions.unsubscribe)
    relay = Relay(socketio.ASGIApp(server, socketio_path=""))

    def new_session() -> str:
        name = relay.new_session()
        admission.expect(name)
        return name

    server.eio.generate_id = new_session
    return relay
