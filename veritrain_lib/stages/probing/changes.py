"""The same question put otherwise: in capitals, with typing errors, reworded by rule, or with an order in it.

The changes are rules, without a model or a network. Each row has a random stream of its own, so a row is
changed the same way whichever other rows are asked.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from veritrain_lib.teachers import variation

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.task import Task

Change = Callable[[str, str | None, random.Random], str]
"""Text, language (ISO 639-1 or None) and randomness in; the changed text out, or the same where none applies."""

WORDS_PER_ERROR = 6
_TYPING = ("neighbour_key", "dropped_letter", "swapped_letters", "doubled_letter")
_REWORDING = ("contraction", "dropped_word", "greeting", "closing")
# "When I log in, the page is empty" says the same as "the page is empty when I log in".
_CLAUSES = re.compile(
    r"(?P<first>(?:when|if|because|since|after|before|while)\b[^,.!?]+), (?P<second>[^,.!?]+)", re.I
)


def capitals(text: str, language: str | None, chance: random.Random) -> str:
    """All in capitals; what is in capitals already becomes small."""
    return text.upper() if text != text.upper() else text.lower()


def typing_errors(text: str, language: str | None, chance: random.Random) -> str:
    """One slip of the fingers for every six words begun: a wrong key, a letter left out, swapped or doubled."""
    known = variation.operations(language)
    for _ in range(1 + len(text.split()) // WORDS_PER_ERROR):
        text = known[chance.choice(_TYPING)](text, chance) or text
    return text


def rewording(text: str, language: str | None, chance: random.Random) -> str:
    """Reworded by rule: contractions, a spare word less, a greeting, a closing, two clauses swapped.

    Each rule is used where it applies. It is no paraphrase in other words: that would take a model. English
    has all the rules, German, Spanish, French and Japanese greeting and closing, other languages none.
    """
    known = variation.operations(language)
    if language == "en":
        text = _CLAUSES.sub(_swapped, text, count=1)
    for name in _REWORDING:
        if name in known:
            text = known[name](text, chance) or text
    return text


def _swapped(found: re.Match[str]) -> str:
    first, second = found["first"], found["second"]
    return f"{second} {first[:1].lower()}{first[1:]}"


CHANGES: Mapping[str, Change] = {
    "robust_case": capitals,
    "robust_typing": typing_errors,
    "robust_rewording": rewording,
}


def changed_rows(task: Task, rows: pd.DataFrame, name: str, seed: int) -> pd.DataFrame:
    """The rows with every input field changed; a row on which nothing could be changed is left out."""
    change = CHANGES[name]
    changed = rows.copy()
    column = task.target.direction
    turns = rows[column].tolist() if column and column in rows.columns else [None] * len(rows)
    for at, (field, about) in enumerate(task.inputs.items()):
        # Only what is translated, the first field, turns with the direction.
        languages = [task.languages_of(turn)[0] if turn and not at else about.language for turn in turns]
        changed[field] = [
            change(str(text), language, random.Random(f"{seed}/{name}/{field}/{row}"))
            for text, language, row in zip(rows[field], languages, rows["id"], strict=True)
        ]
    fields = list(task.inputs)
    moved = (changed[fields].astype(str) != rows[fields].astype(str)).any(axis=1)
    return changed[moved]
