"""A TCP relay in front of a service that can be closed and opened again, like a restart or a broken network."""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
from types import TracebackType


class Relay:
    """Relay that forwards connections to a service while it is open; use it as a context.

    When closed, it refuses new connections and cuts existing ones, as a stopped service does.
    """

    def __init__(self, host: str, port: int) -> None:
        self._to = (host, port)
        self._listener: socket.socket | None = None
        self._joined: list[socket.socket] = []
        self._lock = threading.Lock()
        self.port = 0

    def __enter__(self) -> Relay:
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.shut()

    def open(self) -> None:
        """Forward connections, on the same port as before."""
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        listener.listen(64)
        self.port = int(listener.getsockname()[1])
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def shut(self) -> None:
        """Refuse new connections, and cut existing ones."""
        with self._lock:
            listener, self._listener = self._listener, None
            joined, self._joined = self._joined, []
        for connection in [listener, *joined]:
            if connection is not None:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
                connection.close()

    def _accept(self, listener: socket.socket) -> None:
        while self._listener is listener:
            try:
                client, _ = listener.accept()
                service = socket.create_connection(self._to, 5)
            except OSError:
                return
            with self._lock:
                if self._listener is not listener:
                    client.close()
                    service.close()
                    return
                self._joined += [client, service]
            threading.Thread(target=_pass_on, args=(client, service), daemon=True).start()


def _pass_on(client: socket.socket, service: socket.socket) -> None:
    with contextlib.suppress(OSError, ValueError), selectors.DefaultSelector() as waiting:
        waiting.register(client, selectors.EVENT_READ, service)
        waiting.register(service, selectors.EVENT_READ, client)
        while True:
            for key, _ in waiting.select(0.5):
                assert isinstance(key.fileobj, socket.socket)
                data = key.fileobj.recv(65_536)
                if not data:
                    raise OSError("ended")
                key.data.sendall(data)
    for connection in (client, service):
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
        connection.close()
