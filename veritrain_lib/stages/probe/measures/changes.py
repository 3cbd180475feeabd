"""Rules that change a question for the probe's robustness measures: capitals, typing errors, rewording.

The rules need no model and no network. The random generator is seeded for each row, so a row is changed in the same way
whichever other rows are asked.
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

TextChange = Callable[[str, str | None, random.Random], str]
"""Type of a function that changes a text: (text, language as ISO 639-1 code or None, random generator) -> changed text.

It returns the same text where it has nothing to change.
"""

WORDS_PER_ERROR = 6
_TYPING = ("neighbour_key", "dropped_letter", "swapped_letters", "doubled_letter")
_REWORDING = ("contraction", "dropped_word", "greeting", "closing")
# "When I log in, the page is empty" says the same as "the page is empty when I log in".
_CLAUSES = re.compile(
    r"(?P<first>(?:when|if|because|since|after|before|while)\b[^,.!?]+), (?P<second>[^,.!?]+)", re.I
)


def capitals(text: str, language: str | None, rng: random.Random) -> str:
    """Return a text in upper case, or in lower case if it is in upper case already.

    Args:
        text: The text.
        language: Not used.
        rng: Not used.
    """
    return text.upper() if text != text.upper() else text.lower()


def typing_errors(text: str, language: str | None, rng: random.Random) -> str:
    """Return a text with random typing errors: a neighbouring key, or a letter dropped, doubled or swapped.

    There is one error, and one more for every six words.

    Args:
        text: The text.
        language: Its language as ISO 639-1 code; None if unknown.
        rng: Random generator.
    """
    operations = variation.operations(language)
    for _ in range(1 + len(text.split()) // WORDS_PER_ERROR):
        text = operations[rng.choice(_TYPING)](text, rng) or text
    return text


def rewording(text: str, language: str | None, rng: random.Random) -> str:
    """Reword a text by rules: contractions, a filler word dropped, a greeting or closing added, two clauses swapped.

    Every rule that applies is used. There is no paraphrase in other words, which would need a model. English has all
    rules; German, Spanish, French and Japanese have only greeting and closing; other languages have none.

    Args:
        text: The text.
        language: Its language as ISO 639-1 code; None if unknown.
        rng: Random generator.
    """
    operations = variation.operations(language)
    if language == "en":
        text = _CLAUSES.sub(_swapped, text, count=1)
    for name in _REWORDING:
        if name in operations:
            text = operations[name](text, rng) or text
    return text


def _swapped(match: re.Match[str]) -> str:
    first, second = match["first"], match["second"]
    return f"{second} {first[:1].lower()}{first[1:]}"


CHANGES: Mapping[str, TextChange] = {
    "robust_case": capitals,
    "robust_typing": typing_errors,
    "robust_rewording": rewording,
}


def changed_rows(task: Task, rows: pd.DataFrame, name: str, seed: int) -> pd.DataFrame:
    """Return the probe's rows with every input field changed by one rule; rows that the rule can't change are left out.

    Args:
        task: The task.
        rows: The rows to ask.
        name: The name of the measure and its rule, a key of `CHANGES`.
        seed: Random seed.
    """
    change = CHANGES[name]
    changed = rows.copy()
    column = task.target.direction
    turns = rows[column].tolist() if column and column in rows.columns else [None] * len(rows)
    for field_number, (field, spec) in enumerate(task.inputs.items()):
        # Only the language of the translated text, the first field, depends on the direction.
        languages = [
            task.languages_of(turn)[0] if turn and not field_number else spec.language for turn in turns
        ]
        changed[field] = [
            change(str(text), language, random.Random(f"{seed}/{name}/{field}/{row}"))
            for text, language, row in zip(rows[field], languages, rows["id"], strict=True)
        ]
    fields = list(task.inputs)
    is_changed = (changed[fields].astype(str) != rows[fields].astype(str)).any(axis=1)
    return changed[is_changed]
