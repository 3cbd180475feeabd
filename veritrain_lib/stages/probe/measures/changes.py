"""Changed versions of a question for the robustness measures: in capitals, with typing errors, reworded by rule.

The changes are rules that need no model and no network. Each row has a random stream of its own, so a row is changed
the same way whichever other rows are asked.
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
"""A function of text, language (ISO 639-1 or None) and random generator to the changed text, or the same text."""

WORDS_PER_ERROR = 6
_TYPING = ("neighbour_key", "dropped_letter", "swapped_letters", "doubled_letter")
_REWORDING = ("contraction", "dropped_word", "greeting", "closing")
# "When I log in, the page is empty" says the same as "the page is empty when I log in".
_CLAUSES = re.compile(
    r"(?P<first>(?:when|if|because|since|after|before|while)\b[^,.!?]+), (?P<second>[^,.!?]+)", re.I
)


def capitals(text: str, language: str | None, rng: random.Random) -> str:
    """Change the text to upper case, or to lower case if it is in upper case already."""
    return text.upper() if text != text.upper() else text.lower()


def typing_errors(text: str, language: str | None, rng: random.Random) -> str:
    """Add one typing error for every six words: a neighbouring key, or a letter left out, swapped or doubled."""
    operations = variation.operations(language)
    for _ in range(1 + len(text.split()) // WORDS_PER_ERROR):
        text = operations[rng.choice(_TYPING)](text, rng) or text
    return text


def rewording(text: str, language: str | None, rng: random.Random) -> str:
    """Reword the text by rules: contractions, a spare word less, a greeting, a closing, two clauses swapped.

    Each rule is used where it applies. The result is no paraphrase in other words, which would take a model. All rules
    exist for English, greeting and closing also for German, Spanish, French and Japanese, none for other languages.
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
    """Return the rows with every input field changed, without the rows in which nothing could be changed."""
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
