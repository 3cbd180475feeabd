"""One key for each label, while there are keys left."""

from __future__ import annotations

from collections.abc import Sequence

UNDO, SKIP = "u", "s"

ONE_KEY = [*"123456789", *(letter for letter in "abcdefghijklmnopqrstvwxyz" if letter not in UNDO + SKIP)]
"""Keys in the order they are given out: digits lie together, letters follow; undo and skip keep theirs."""


def keys_of(labels: Sequence[str]) -> dict[str, str]:
    """Label by key: a digit or a letter each, in the order of the labels.

    Empty for more labels than keys (33): those are found by typing part of their name.
    """
    return dict(zip(ONE_KEY, labels, strict=False)) if len(labels) <= len(ONE_KEY) else {}


def matching(labels: Sequence[str], typed: str) -> list[str]:
    """The labels that hold the typed letters, in the order typed, those that begin with them first.

    Case, spaces and underscores do not count. Everything for an empty text.
    """
    wanted = _bare(typed)
    found = [label for label in labels if wanted in _bare(label)]
    return sorted(found, key=lambda label: (not _bare(label).startswith(wanted), labels.index(label)))


def _bare(text: str) -> str:
    return "".join(letter for letter in text.casefold() if letter not in " _-")
