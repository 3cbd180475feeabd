"""Keyboard shortcuts of the annotation widget (one key for each label), and search of labels by typed text."""

from __future__ import annotations

from collections.abc import Sequence

UNDO, SKIP, NONE = "u", "s", "0"
"""Keys that undo the last step and that skip the current row."""

SHORTCUT_KEYS = [
    *"123456789",
    *(letter for letter in "abcdefghijklmnopqrstvwxyz" if letter not in UNDO + SKIP),
]
"""Keys in the order in which labels get them: digits, then letters except those for undo and skip."""


def assign_shortcuts(labels: Sequence[str]) -> dict[str, str]:
    """Return the key of each label, as a dict from key (a digit or a letter) to label.

    Returns:
        An empty dict if there are more labels than keys (33); labels are then found by typing a part of them.
    """
    return dict(zip(SHORTCUT_KEYS, labels, strict=False)) if len(labels) <= len(SHORTCUT_KEYS) else {}


def find_labels(labels: Sequence[str], typed: str) -> list[str]:
    """Return the labels that contain a typed text; those that begin with it come first.

    Case, spaces, underscores and hyphens are ignored. An empty text finds all labels.
    """
    wanted = _normalized(typed)
    matches = [label for label in labels if wanted in _normalized(label)]
    return sorted(matches, key=lambda label: (not _normalized(label).startswith(wanted), labels.index(label)))


def _normalized(text: str) -> str:
    """Return a text without case, spaces, underscores and hyphens."""
    return "".join(letter for letter in text.casefold() if letter not in " _-")
