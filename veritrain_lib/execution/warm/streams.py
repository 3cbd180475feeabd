"""Standard output and error of a warm kernel: a flush with nothing to flush does not wait for a thread."""

from __future__ import annotations

import os
import sys

from ipykernel.iostream import OutStream

from veritrain_lib.redaction import redact

AT_ONCE = 65_536
"""Bytes of a child's output that are read together."""


class PromptStream(OutStream):
    """ipykernel's stream, but what was not written to since it was last flushed is flushed at once.

    ipykernel flushes both streams three times a cell, and each time has its thread of outputs tell that it has come
    to the end of what it was to send: a third of what an empty cell takes.
    """

    _written = False

    def write(self, string: str) -> int | None:  # type: ignore[override]  # as in `OutStream`
        """See `OutStream`."""
        self._written = True
        return super().write(string)

    def flush(self) -> None:
        """See `OutStream`. When it returns, all that was written before will be sent before what comes next."""
        # Not what lies in the buffer: the thread may have taken it and not have sent it yet.
        if self._written:
            self._written = False
            super().flush()  # type: ignore[no-untyped-call]

    def _watch_pipe_fd(self) -> None:
        """See `OutStream`: what child processes print goes to the notebook, and to the terminal that the kernel was
        started from; to that, too, without secrets."""
        if self._fid is None:
            return
        try:
            while (content := os.read(self._fid, AT_ONCE)) and self._should_watch:
                text = content.decode(errors="replace")
                self.write(text)
                hidden = redact(text)
                os.write(self._original_stdstream_copy, content if hidden == text else hidden.encode())
        except Exception:  # noqa: BLE001  # as ipykernel: raised where the stream is closed
            self._exc = sys.exc_info()
