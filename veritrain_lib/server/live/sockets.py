"""Socket.IO server under /socket.io/, over which clients subscribe to experiments, datasets and notifications.

The gatekeeper authenticates the requests of a handshake by cookie, header or the `token` in the URL. A client that
sends none of these can send a token in Socket.IO's `auth` message when it connects (`admission.py`); until then it
receives nothing, and it is disconnected after `CONNECT_TIMEOUT_S` seconds. A session of long polling lives in one
process of the server; `relay.py` forwards its requests there.
"""

from __future__ import annotations

from typing import Any

from veritrain_lib.server.live.admission import SocketAdmission
from veritrain_lib.server.live.relay import Relay
from veritrain_lib.server.live.subscriptions import Subscriptions

MAX_MESSAGE_BYTES = 100_000
"""Maximum size of a client's message in bytes; clients send only short requests."""


def socket_app() -> Relay:
    """Return the ASGI application that serves Socket.IO."""
    import socketio

    # The gatekeeper checks origins: an empty list turns the library's own check off.
    server = socketio.AsyncServer(
        async_mode="asgi", cors_allowed_origins=[], max_http_buffer_size=MAX_MESSAGE_BYTES, namespaces=["/"]
    )
    subscriptions, admission = Subscriptions(server), SocketAdmission(server)

    async def leave(sid: str, reason: Any = None) -> None:
        admission.leave(sid)
        await subscriptions.leave(sid, reason)

    server.on("connect", admission.connect)
    server.on("disconnect", leave)
    server.on("subscribe", subscriptions.subscribe)
    server.on("unsubscribe", subscriptions.unsubscribe)
    relay = Relay(socketio.ASGIApp(server, socketio_path=""))

    def new_session() -> str:
        session_id = relay.new_session()
        admission.expect(session_id)
        return session_id

    server.eio.generate_id = new_session
    return relay
