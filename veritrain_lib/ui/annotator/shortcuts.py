"""Keyboard shortcuts: one key per label, and the search of labels by typed text."""

from __future__ import annotations

from collections.abc import Sequence

UNDO, SKIP = "u", "s"

SHORTCUT_KEYS = [
    *"123456789",
    *(letter for letter in "abcdefghijklmnopqrstvwxyz" if letter not in UNDO + SKIP),
]
"""Keys in the order in which they are assigned: digits first, then letters without those of undo and skip."""


def assign_shortcuts(labels: Sequence[str]) -> dict[str, str]:
    """Return the label of each key: a digit or a letter each, in the order of the labels.

    Returns:
        A mapping from key to label; empty when there are more labels than keys (33): those are matches by typing
        part of their name.
    """
    return dict(zip(SHORTCUT_KEYS, labels, strict=False)) if len(labels) <= len(SHORTCUT_KEYS) else {}


def find_labels(labels: Sequence[str], typed: str) -> list[str]:
    """Return the labels that contain the typed text, those that begin with it first.

    Case, spaces, underscores and hyphens are ignored. An empty text returns all labels.
    """
    wanted = _normalized(typed)
    matches = [label for label in labels if wanted in _normalized(label)]
    return sorted(matches, key=lambda label: (not _normalized(label).startswith(wanted), labels.index(label)))


def _normalized(text: str) -> str:
    return "".join(letter for letter in text.casefold() if letter not in " _-")
