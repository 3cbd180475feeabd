"""The diff of two versions of a prompt."""

from __future__ import annotations

import difflib


def difference(old: str, new: str, *, old_name: str = "old", new_name: str = "new") -> str:
    """Return the unified diff of two templates with three lines of context; empty when they are equal."""
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), old_name, new_name, lineterm="")
    return "\n".join(lines)
