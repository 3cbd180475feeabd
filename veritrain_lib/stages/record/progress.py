"""Progress line of a batch of chat requests: updated in place in a notebook, printed to standard error elsewhere."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from veritrain_lib.llm.records import ChatProgress

INTERVAL_S = {"notebook": 0.5, "elsewhere": 5.0}
"""Shortest time between two progress lines, in seconds; the last line of a batch is always shown."""


class ProgressLine:
    """A line that shows the progress of a batch of chat requests: requests done, rate, cost so far, time left."""

    def __init__(self) -> None:
        self._handle: Any = None
        self._last = float("-inf")
        self._notebook = _in_notebook()

    def show(self, progress: ChatProgress) -> None:
        """Show the progress of a batch of chat requests, but not more often than once in `INTERVAL_S`.

        The end of the batch is always shown.

        Args:
            progress: The progress.
        """
        now = time.monotonic()
        interval = INTERVAL_S["notebook" if self._notebook else "elsewhere"]
        if progress.done < progress.total and now - self._last < interval:
            return
        self._last = now
        if self._notebook:
            self._update(progress_line(progress))
        else:
            # Standard output belongs to results.
            print(progress_line(progress), file=sys.stderr, flush=True)

    def _update(self, text: str) -> None:
        from IPython.display import display

        content = {"text/plain": text}
        if self._handle is None:
            self._handle = display(content, raw=True, display_id=True)  # type: ignore[no-untyped-call]
        else:
            self._handle.update(content, raw=True)


def progress_line(progress: ChatProgress) -> str:
    """Format the progress of a batch: `37 of 120 requests, 4.1 a second, 0.0312 US dollars, 20 s left`."""
    seconds_left = progress.seconds_left
    remaining = "time left unknown" if seconds_left is None else f"{duration(seconds_left)} left"
    if progress.done == progress.total:
        remaining = "done"
    return (
        f"{progress.done} of {progress.total} requests, {progress.per_second:.1f} a second, "
        f"{progress.cost:.4f} US dollars, {remaining}"
    )


def duration(seconds: float) -> str:
    """Format a number of seconds for people: `20 s`, `4 min`, `2.5 h`."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def _in_notebook() -> bool:
    # The check must not import IPython where nobody uses it.
    module = sys.modules.get("IPython")
    shell = module.get_ipython() if module is not None else None
    return shell is not None and hasattr(shell, "kernel")
