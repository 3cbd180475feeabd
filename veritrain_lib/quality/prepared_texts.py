"""Cache of texts that several checks need of the same rows: tokens and character classes.

The rows of one gate run are one frame, so what was computed for it is kept while the frame lives; of any other frame
nothing is kept.
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
"""Cached results of one kind: of the judged, accepted and held-out rows, and of what the label checks see of
them."""

CacheKey = tuple[int, tuple[str, ...]]
_tokens: dict[CacheKey, tuple[weakref.ref[pd.DataFrame], Tokens]] = {}
_character_classes: dict[CacheKey, tuple[weakref.ref[pd.DataFrame], CharacterClasses]] = {}


def tokens_in(rows: pd.DataFrame, inputs: Sequence[str]) -> Tokens:
    """Return the tokens of the input fields of rows, cached by frame.

    Args:
        rows: Rows with these fields. Whoever changes a frame's texts must copy it first.
        inputs: Names of the fields.

    Returns:
        Tokens of one text a row (`tokens.tokens_of`).
    """
    tokens: Tokens = _cached(_tokens, rows, inputs, tokens_of)
    return tokens


def character_classes_in(rows: pd.DataFrame, inputs: Sequence[str]) -> CharacterClasses:
    """Return the character classes of the input fields of rows, cached by frame.

    Args:
        rows: Rows with these fields. Whoever changes a frame's texts must copy it first.
        inputs: Names of the fields.

    Returns:
        Character classes of one text a row (`character_classes.character_classes_of`).
    """
    classes: CharacterClasses = _cached(_character_classes, rows, inputs, character_classes_of)
    return classes


def share_with_subset(rows: pd.DataFrame, subset: pd.DataFrame, positions: np.ndarray) -> None:
    """Cache the tokens of a subset of rows from those of the full frame.

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
