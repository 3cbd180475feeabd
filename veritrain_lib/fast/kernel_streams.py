"""Standard output and error of a warm kernel: a flush with nothing to flush does not wait for a thread."""

from __future__ import annotations

import os
import select
import sys
import threading

from ipykernel.iostream import OutStream

from veritrain_lib.redaction import redact

READ_SIZE = 65_536
"""Bytes of a child's output that are read together."""


class PromptStream(OutStream):
    """ipykernel's stream, except that a flush returns at once when nothing was written since the last one.

    ipykernel flushes both streams three times a cell, and each time waits until its thread of outputs has sent
    everything: a third of the time that an empty cell takes.
    """

    _dirty = False
    _pipe_lock = threading.RLock()  # of both streams: they are read seldom and briefly

    def write(self, string: str) -> int | None:  # type: ignore[override]  # as in `OutStream`
        """Write as `OutStream` does."""
        self._dirty = True
        return super().write(string)

    def flush(self) -> None:
        """Flush as `OutStream` does: all that was written before will be sent before what comes next.

        That includes what C code and child processes have written to the file descriptor. A thread forwards it, which
        on a busy machine may come after the end of the cell, and the text would then go to the next cell.
        """
        if self._should_watch and self._is_master_process():  # type: ignore[no-untyped-call]
            self._forward_pipe()
        # The buffer does not tell: the thread may have taken the text and not have sent it yet.
        if self._dirty:
            self._dirty = False
            super().flush()  # type: ignore[no-untyped-call]

    def _watch_pipe_fd(self) -> None:
        """Forward what child processes print, as `OutStream` does, but without secrets.

        It goes to the notebook, and to the terminal that the kernel was started from.
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
        """Forward what stands in the pipe now; return whether more may come."""
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
