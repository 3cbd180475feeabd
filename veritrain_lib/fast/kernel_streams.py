"""Faster standard output of a Jupyter kernel: flushing a stream without new text does not wait for another thread."""

from __future__ import annotations

import os
import select
import sys
import threading

from ipykernel.iostream import OutStream

from veritrain_lib.redaction import redact

READ_SIZE = 65_536
"""Maximum bytes of a child process's output that are read at once."""


class PromptStream(OutStream):
    """Standard output or error of a kernel, whose `flush` returns at once if nothing was written since the last one.

    ipykernel flushes both streams three times in each cell, and each time waits until its output thread has sent
    everything, which is a third of the time that an empty cell takes.
    """

    _dirty = False
    _pipe_lock = threading.RLock()  # of both streams: they are read seldom and briefly

    def write(self, string: str) -> int | None:  # type: ignore[override]  # as in `OutStream`
        """Write text as ipykernel's `OutStream` does, and remember to flush it; return the number of characters."""
        self._dirty = True
        return super().write(string)

    def flush(self) -> None:
        """Flush the stream as ipykernel's `OutStream` does; return at once if there is nothing to flush.

        Text that C code and child processes wrote to the file descriptor is flushed too. Otherwise a thread would
        forward it, on a busy machine only after the end of the cell, and it would appear in the next cell.
        """
        if self._should_watch and self._is_master_process():  # type: ignore[no-untyped-call]
            self._forward_pipe()
        # The buffer does not tell: the thread may have taken the text and not have sent it yet.
        if self._dirty:
            self._dirty = False
            super().flush()  # type: ignore[no-untyped-call]

    def _watch_pipe_fd(self) -> None:
        """Forward text that child processes print, as `OutStream` does, until the stream is closed.

        It goes to the notebook and, with secrets masked, to the terminal that the kernel was started from.
        """
        if self._fid is None:
            return
        try:
            while self._should_watch:
                _wait_until_readable(self._fid)
                if not self._forward_pipe():
                    return
        except Exception:  # noqa: BLE001  # as ipykernel: raised where the stream is closed
            self._exc = sys.exc_info()

    def _forward_pipe(self) -> bool:
        """Forward the text that is in the pipe now; return whether more may come (False: the stream is closed)."""
        assert self._fid is not None
        with self._pipe_lock:
            while _wait_until_readable(self._fid, 0):
                content = os.read(self._fid, READ_SIZE)
                if not content or not self._should_watch:
                    return False
                text = content.decode(errors="replace")
                self.write(text)
                redacted = redact(text)
                os.write(self._original_stdstream_copy, content if redacted == text else redacted.encode())
        return True


def _wait_until_readable(descriptor: int, timeout_ms: int | None = None) -> bool:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(timeout_ms))
