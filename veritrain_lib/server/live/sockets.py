"""Socket.IO under /socket.io/: clients subscribe to experiments, datasets and notifications.

Who may connect is decided before: the gatekeeper judges each request of a handshake by its cookie, its header or the
`token` of its address. A token in Socket.IO's own `auth` comes only after the handshake, too late to be asked for.
Sessions of long polling live in one worker process; `relay` brings their requests there.
"""

from __future__ import annotations

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
    server.on("disconnect", subscriptions.leave)
    server.on("subscribe", subscriptions.subscribe)
    server.on("unsubscribe", subscriptions.unsubscribe)
    relay = Relay(socketio.ASGIApp(server, socketio_path=""))
    server.eio.generate_id = relay.new_session
    return relay
