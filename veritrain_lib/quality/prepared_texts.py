"""What several checks need of the same rows, made once: their texts, normal forms, words and characters.

The rows of one judgement are one frame, so what was made of it is kept as long as it lives; of any other frame
nothing is kept.
"""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Any

from veritrain_lib.quality.text.character_classes import surface_of
from veritrain_lib.quality.text.normal_form import joined
from veritrain_lib.quality.text.tokens import part_of, tokens_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    import pandas as pd

    from veritrain_lib.quality.text.character_classes import Surface
    from veritrain_lib.quality.text.tokens import Tokens

KEPT = 8
"""Things of one kind that are kept: of the rows of a judgement, the trusted and the held-out ones, and what the label
checks leave of them."""

Place = tuple[int, tuple[str, ...]]
_tokens: dict[Place, tuple[weakref.ref[pd.DataFrame], Tokens]] = {}
_surfaces: dict[Place, tuple[weakref.ref[pd.DataFrame], Surface]] = {}


def tokens_in(rows: pd.DataFrame, inputs: Sequence[str]) -> Tokens:
    """The words of the input fields of rows (`tokens.tokens_of`). Whoever changes a frame's texts must copy it."""
    made: Tokens = _once(_tokens, rows, inputs, tokens_of)
    return made


def surface_in(rows: pd.DataFrame, inputs: Sequence[str]) -> Surface:
    """The characters of the input fields of rows (`surface.surface_of`), under the same condition."""
    made: Surface = _once(_surfaces, rows, inputs, surface_of)
    return made


def pass_on(rows: pd.DataFrame, part: pd.DataFrame, numbers: np.ndarray) -> None:
    """Give `part`, a frame of the rows of these numbers, what was made of the whole."""
    for (_, names), (frame, tokens) in list(_tokens.items()):
        if frame() is rows:
            _keep(_tokens, part, names, part_of(tokens, numbers))


def _once(
    kept: dict[Place, Any], rows: pd.DataFrame, inputs: Sequence[str], make: Callable[[list[str]], Any]
) -> Any:
    key = (id(rows), tuple(inputs))
    for stale in [one for one, (frame, _) in kept.items() if frame() is None]:
        del kept[stale]
    had = kept.get(key)
    if had is not None and had[0]() is rows:
        return had[1]
    made = make(joined(rows, inputs))
    _keep(kept, rows, inputs, made)
    return made


def _keep(kept: dict[Place, Any], rows: pd.DataFrame, inputs: Sequence[str], made: Any) -> None:
    while len(kept) >= KEPT:
        del kept[next(iter(kept))]
    kept[id(rows), tuple(inputs)] = (weakref.ref(rows), made)
