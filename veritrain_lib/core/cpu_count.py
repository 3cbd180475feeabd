"""How many processor cores there are to divide work among."""

from __future__ import annotations

import os


def usable_cores() -> int:
    """The cores that this process may use, at least 1; all of the machine's where the platform knows no such limit."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
