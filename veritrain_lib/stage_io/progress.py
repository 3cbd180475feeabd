"""One line that says how far a batch of requests is: updated in place in a notebook, printed elsewhere."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from veritrain_lib.llm.records import ChatProgress

EVERY = {"notebook": 0.5, "elsewhere": 5.0}
"""Seconds between two lines; the last one always comes."""


class ProgressLine:
    """Shows `ChatProgress`: done of all, rate, US dollars so far, time left."""

    def __init__(self) -> None:
        self._handle: Any = None
        self._last = float("-inf")
        self._notebook = _in_notebook()

    def show(self, progress: ChatProgress) -> None:
        """Show it, unless a line was shown a moment ago and more are to come."""
        now = time.monotonic()
        pause = EVERY["notebook" if self._notebook else "elsewhere"]
        if progress.done < progress.total and now - self._last < pause:
            return
        self._last = now
        if self._notebook:
            self._update(line(progress))
        else:
            # Standard output belongs to results.
            print(line(progress), file=sys.stderr, flush=True)

    def _update(self, text: str) -> None:
        from IPython.display import display

        shown = {"text/plain": text}
        if self._handle is None:
            self._handle = display(shown, raw=True, display_id=True)  # type: ignore[no-untyped-call]
        else:
            self._handle.update(shown, raw=True)


def line(progress: ChatProgress) -> str:
    """One line for people: `37 of 120 requests, 4.1 a second, 0.0312 US dollars, 20 s left`."""
    left = progress.seconds_left
    end = "time left unknown" if left is None else f"{duration(left)} left"
    if progress.done == progress.total:
        end = "done"
    return (
        f"{progress.done} of {progress.total} requests, {progress.per_second:.1f} a second, "
        f"{progress.cost:.4f} US dollars, {end}"
    )


def duration(seconds: float) -> str:
    """Seconds for people: `20 s`, `4 min`, `2.5 h`."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def _in_notebook() -> bool:
    # Asking must not load IPython where nobody uses it.
    module = sys.modules.get("IPython")
    shell = module.get_ipython() if module is not None else None
    return shell is not None and hasattr(shell, "kernel")
