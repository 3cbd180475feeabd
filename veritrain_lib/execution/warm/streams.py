"""Standard output and error of a warm kernel: a flush with nothing to flush does not wait for a thread."""

from __future__ import annotations

from ipykernel.iostream import OutStream


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
