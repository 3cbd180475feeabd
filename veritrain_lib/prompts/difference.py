"""Difference between two versions of a prompt for a chat model, line by line."""

from __future__ import annotations

import difflib


def difference(old: str, new: str, *, old_name: str = "old", new_name: str = "new") -> str:
    """Return the unified diff of two versions of a prompt; empty if they are equal.

    Args:
        old: The text of the earlier version.
        new: The text of the later version.
        old_name: The name of the earlier version in the diff.
        new_name: The name of the later version in the diff.
    """
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), old_name, new_name, lineterm="")
    return "\n".join(lines)
