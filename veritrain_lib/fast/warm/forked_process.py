"""A forked process as its owner sees it: the part of `subprocess.Popen` that Jupyter uses."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import IO, Any

ZYGOTE_DIED = -int(signal.SIGKILL)
"""Exit code of a process whose zygote has ended: it was killed with it."""


class ForkedProcess:
    """A child of the zygote, known only through messages on a socket, one JSON object a line.

    Attributes:
        pid: Its process id; 0 until the first message.
        ready: Whether a kernel's sockets are bound or a worker accepts calls.
        connection: A spare's own connection, once it is ready; empty for a process that was given its connection.
        returncode: Exit code (minus the signal that killed it), None while it lives.
        peak_kb: Most memory it held, in kilobytes; set once it has ended.
        done: For each call that a worker has done, in order: why it failed, empty when it did not.
    """

    stdin: IO[bytes] | None = None
    stdout: IO[bytes] | None = None
    stderr: IO[bytes] | None = None

    def __init__(self, line: socket.socket) -> None:
        self._socket = line
        self._unread = b""
        self.pid = 0
        self.ready = False
        self.connection: dict[str, Any] = {}
        self.returncode: int | None = None
        self.peak_kb = 0
        self.done: list[str] = []

    def fileno(self) -> int:
        """Return a descriptor that is readable when there is a message, for an event loop to wait on."""
        return self._socket.fileno()

    def poll(self) -> int | None:
        """Return its exit code (minus the signal that killed it), None while it lives."""
        while self.returncode is None:
            try:
                self._receive(self._socket.recv(4096, socket.MSG_DONTWAIT))
            except BlockingIOError:
                break
            except OSError:
                self.returncode = ZYGOTE_DIED
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end and return its exit code.

        Raises:
            subprocess.TimeoutExpired: It has not ended after `timeout` seconds.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while self.poll() is None:
            if deadline is not None and time.monotonic() > deadline:
                raise subprocess.TimeoutExpired("forked process", timeout or 0.0)
            remaining = None if deadline is None else max(0.0, deadline - time.monotonic())
            # Not `select`: it fails in a process with more than 1,024 descriptors, such as a server.
            poller = select.poll()
            poller.register(self._socket, select.POLLIN)
            poller.poll(None if remaining is None else remaining * 1000)
        assert self.returncode is not None
        return self.returncode

    def submit(self, function: str, arguments: Sequence[str]) -> None:
        """Have a worker call `module:function` with texts, after the calls submitted before; see `done`."""
        with suppress(OSError):  # it has ended: `poll` says so
            self._socket.sendall(
                json.dumps({"call": function, "arguments": list(arguments)}).encode() + b"\n"
            )

    def close_requests(self) -> None:
        """Let a worker end once it has made the submitted calls."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)

    def send_signal(self, number: int) -> None:
        """Send a signal to the process, unless it has ended."""
        if self.pid and self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Send SIGKILL."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Send SIGTERM."""
        self.send_signal(signal.SIGTERM)

    def close(self) -> None:
        """Detach from the process; if it still lives, the zygote ends it."""
        self._socket.close()

    def _receive(self, data: bytes) -> None:
        if not data:
            self.returncode = ZYGOTE_DIED
            return
        *lines, self._unread = (self._unread + data).split(b"\n")
        for line in lines:
            message: dict[str, Any] = json.loads(line)
            self.pid = message.get("pid", self.pid)
            self.ready = message.get("ready", self.ready)
            self.connection = message.get("connection", self.connection)
            if "done" in message:
                self.done.append(message["done"])
            self.peak_kb = message.get("peak_kb", self.peak_kb)
            self.returncode = message.get("exit_code", self.returncode)
