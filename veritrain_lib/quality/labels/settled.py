"""Labels that several people gave: the rule by which two answers settle a label, and the mark of a settled label."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

ANSWERS = "answers"
"""Key in a row's provenance under which every answer that people gave to the row is listed, in order.

Only rows with a settled label (two people agree on it) have this key.
"""

MOST_ANSWERS = 3
"""Largest number of answers that a row gets.

A third answer decides between two that differ; a row with three different answers is left out.
"""


def settle(answers: Sequence[str]) -> str:
    """Return the label that two people's answers agree on.

    Args:
        answers: Answers of different people to one row, in order; only the first three (`MOST_ANSWERS`) count.

    Returns:
        The label; "" if no two answers are the same.
    """
    counted = list(answers[:MOST_ANSWERS])
    return next((answer for position, answer in enumerate(counted) if answer in counted[:position]), "")


def with_answers(provenance: str, answers: Sequence[str]) -> str:
    """Return a row's provenance (JSON) with people's answers added, which marks the row's label as settled."""
    return json.dumps({**json.loads(provenance or "{}"), ANSWERS: list(answers)}, ensure_ascii=False)


def is_settled(provenances: Iterable[object]) -> np.ndarray:
    """Return which rows have a label that several people agreed on, by their provenance.

    Args:
        provenances: Provenance of each row, as JSON text.

    Returns:
        Boolean array of shape (rows,).
    """
    import numpy as np

    # Most rows lack the key: a search in the text spares reading the JSON of a million rows.
    return np.array(
        [
            isinstance(text, str) and f'"{ANSWERS}"' in text and ANSWERS in json.loads(text)
            for text in provenances
        ],
        dtype=bool,
    )
