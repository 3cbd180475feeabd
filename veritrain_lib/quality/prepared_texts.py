"""Cache of the tokens and character classes of rows, which several gate checks need.

All checks of a gate run get the same frame, so a result is kept as long as its frame exists.
"""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

from veritrain_lib.quality.text.character_classes import character_classes_of
from veritrain_lib.quality.text.normal_form import joined
from veritrain_lib.quality.text.tokens import subset_of, tokens_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    import pandas as pd

    from veritrain_lib.quality.text.character_classes import CharacterClasses
    from veritrain_lib.quality.text.tokens import Tokens

KEPT = 8
"""Largest number of cached results of each kind.

It covers the judged, accepted and held-out rows, and the parts of them that the label checks get.
"""

CacheKey = tuple[int, tuple[str, ...]]
_tokens: dict[CacheKey, tuple[weakref.ref[pd.DataFrame], Tokens]] = {}
_character_classes: dict[CacheKey, tuple[weakref.ref[pd.DataFrame], CharacterClasses]] = {}


def tokens_in(rows: pd.DataFrame, inputs: Sequence[str]) -> Tokens:
    """Return the tokens of some fields of the rows, cached for all gate checks.

    Args:
        rows: Rows with these fields. A caller that changes a frame's texts must copy the frame first.
        inputs: Names of the fields.

    Returns:
        Tokens of one text a row (`tokens.tokens_of`), its fields joined.
    """
    tokens: Tokens = _cached(_tokens, rows, inputs, tokens_of)
    return tokens


def character_classes_in(rows: pd.DataFrame, inputs: Sequence[str]) -> CharacterClasses:
    """Return the character classes of some fields of the rows, cached for all gate checks.

    Args:
        rows: Rows with these fields. A caller that changes a frame's texts must copy the frame first.
        inputs: Names of the fields.

    Returns:
        Character classes of one text a row (`character_classes.character_classes_of`), its fields joined.
    """
    classes: CharacterClasses = _cached(_character_classes, rows, inputs, character_classes_of)
    return classes


def share_with_subset(rows: pd.DataFrame, subset: pd.DataFrame, positions: np.ndarray) -> None:
    """Derive the cached tokens of a part of the rows from those of all rows, so that they need not be computed again.

    Args:
        rows: The full frame.
        subset: A frame of some of its rows.
        positions: Positions of these rows in `rows`.
    """
    for (_, names), (frame, tokens) in list(_tokens.items()):
        if frame() is rows:
            _store(_tokens, subset, names, subset_of(tokens, positions))


def _cached(
    cache: dict[CacheKey, Any], rows: pd.DataFrame, inputs: Sequence[str], compute: Callable[[list[str]], Any]
) -> Any:
    key = (id(rows), tuple(inputs))
    for stale in [entry for entry, (frame, _) in cache.items() if frame() is None]:
        del cache[stale]
    cached = cache.get(key)
    if cached is not None and cached[0]() is rows:
        return cached[1]
    computed = compute(joined(rows, inputs))
    _store(cache, rows, inputs, computed)
    return computed


def _store(cache: dict[CacheKey, Any], rows: pd.DataFrame, inputs: Sequence[str], computed: Any) -> None:
    while len(cache) >= KEPT:
        del cache[next(iter(cache))]
    cache[id(rows), tuple(inputs)] = (weakref.ref(rows), computed)
