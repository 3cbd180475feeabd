"""Handle of a process forked by the fork server (zygote), with the methods of `subprocess.Popen` that Jupyter uses."""

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
"""Exit code of a forked process whose fork server (zygote) has ended, because it was killed together with it."""


class ForkedProcess:
    """Handle of a process forked by the fork server (zygote): a kernel, or a background process that calls functions.

    The process is not a child of this one, so it is known only through messages on a socket.

    Attributes:
        pid: Process id; 0 until the first message.
        ready: Whether the kernel's sockets are bound, or the background process accepts calls.
        connection: Connection data of a kernel forked in advance, which chose its own sockets; empty for other
            processes.
        returncode: Exit code, or minus the signal that killed the process; None while it lives.
        peak_kb: Maximum memory of the process in KiB; set once it has ended.
        done: One entry for each call that a background process has finished, in order: the error, or an empty text.
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
        """Return the socket's file descriptor, which is readable when there is a message about the process."""
        return self._socket.fileno()

    def poll(self) -> int | None:
        """Return the exit code of the forked process, or minus the signal that killed it; None while it lives."""
        while self.returncode is None:
            try:
                self._receive(self._socket.recv(4096, socket.MSG_DONTWAIT))
            except BlockingIOError:
                break
            except OSError:
                self.returncode = ZYGOTE_DIED
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end of the forked process and return its exit code.

        Args:
            timeout: Maximum seconds to wait; None for no limit.

        Raises:
            subprocess.TimeoutExpired: The process has not ended after `timeout` seconds.
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
        """Send a background process a function call, to be made after the earlier ones; its result appears in `done`.

        Args:
            function: The function, as the text `module:function`.
            arguments: Its arguments, all texts.
        """
        with suppress(OSError):  # it has ended: `poll` says so
            self._socket.sendall(
                json.dumps({"call": function, "arguments": list(arguments)}).encode() + b"\n"
            )

    def close_requests(self) -> None:
        """Make a background process end once it has made all calls that were sent to it."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)

    def send_signal(self, number: int) -> None:
        """Send a signal, given by its number, to the forked process; do nothing if it has ended."""
        if self.pid and self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Send SIGKILL to the forked process."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Send SIGTERM to the forked process."""
        self.send_signal(signal.SIGTERM)

    def close(self) -> None:
        """Close the socket to the forked process; if the process still lives, the fork server (zygote) ends it."""
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
