"""Two versions of a prompt side by side."""

from __future__ import annotations

import difflib


def difference(old: str, new: str, *, old_name: str = "old", new_name: str = "new") -> str:
    """The unified diff of two templates with three lines around each change; empty when they are the same."""
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), old_name, new_name, lineterm="")
    return "\n".join(lines)
