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

GONE = -int(signal.SIGKILL)
"""Exit code of a process whose zygote has gone: it was killed with it."""


class ForkedProcess:
    """A child of the zygote. All that is known of it comes over `line`, a JSON object a line."""

    stdin: IO[bytes] | None = None
    stdout: IO[bytes] | None = None
    stderr: IO[bytes] | None = None

    def __init__(self, line: socket.socket) -> None:
        self._line = line
        self._unread = b""
        self.pid = 0
        self.ready = False
        self.connection: dict[str, Any] = {}
        """A spare's own connection, once it is ready; empty for a process that was told its connection."""
        self.returncode: int | None = None
        self.peak_kb = 0
        """Most memory it held, in kilobytes; known once it has ended."""
        self.done: list[str] = []
        """For each call that a worker has done, in order: why it failed, empty when it did not."""

    def fileno(self) -> int:
        """Readable when there is news, so that an event loop can wait for it."""
        return self._line.fileno()

    def poll(self) -> int | None:
        """Its exit code (minus the signal that killed it), None while it lives."""
        while self.returncode is None:
            try:
                self._hear(self._line.recv(4096, socket.MSG_DONTWAIT))
            except BlockingIOError:
                break
            except OSError:
                self.returncode = GONE
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end. Raises subprocess.TimeoutExpired after `timeout` seconds."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while self.poll() is None:
            if deadline is not None and time.monotonic() > deadline:
                raise subprocess.TimeoutExpired("forked process", timeout or 0.0)
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            # Not `select`: a process with more than 1,024 descriptors, such as a server, could not wait here.
            line = select.poll()
            line.register(self._line, select.POLLIN)
            line.poll(None if left is None else left * 1000)
        assert self.returncode is not None
        return self.returncode

    def ask(self, function: str, arguments: Sequence[str]) -> None:
        """Have a worker call `module:function` with texts, after what it was asked before; see `done`."""
        with suppress(OSError):  # it has ended: `poll` says so
            self._line.sendall(json.dumps({"call": function, "arguments": list(arguments)}).encode() + b"\n")

    def ask_no_more(self) -> None:
        """Let a worker end once it has done what it was asked."""
        with suppress(OSError):
            self._line.shutdown(socket.SHUT_WR)

    def send_signal(self, number: int) -> None:
        """Signal the process, unless it has ended."""
        if self.pid and self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """SIGKILL."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """SIGTERM."""
        self.send_signal(signal.SIGTERM)

    def close(self) -> None:
        """Let go of it; if it still lives, the zygote ends it."""
        self._line.close()

    def _hear(self, data: bytes) -> None:
        if not data:
            self.returncode = GONE
            return
        *lines, self._unread = (self._unread + data).split(b"\n")
        for line in lines:
            news: dict[str, Any] = json.loads(line)
            self.pid = news.get("pid", self.pid)
            self.ready = news.get("ready", self.ready)
            self.connection = news.get("connection", self.connection)
            if "done" in news:
                self.done.append(news["done"])
            self.peak_kb = news.get("peak_kb", self.peak_kb)
            self.returncode = news.get("exit_code", self.returncode)
