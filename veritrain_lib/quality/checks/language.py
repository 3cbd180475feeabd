"""Check for texts in another language than the task declares for their field, or that switch to another."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from veritrain_lib.quality.language.detector import NOT_LATIN, LanguageDetector
from veritrain_lib.quality.language.prefilter import detect_with_prefilter
from veritrain_lib.quality.prepared_texts import tokens_in
from veritrain_lib.quality.translation.directions import by_direction, text_languages

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.task import Task
    from veritrain_lib.quality.context import Context


def check(
    rows: pd.DataFrame,
    context: Context,
    *,
    minimum_letters: Annotated[int, Field(ge=1)] = 8,
    certainty: Annotated[float, Field(ge=0, le=1)] = 0.7,
    doubt: Annotated[float, Field(ge=0, le=1)] = 0.05,
) -> pd.Series[str]:
    """Flag rows with a field in another language than declared.

    Reasons: `language:<code>` (ISO 639-1) when a field is clearly in another language than declared, and
    `language:mixed_<code>` when a fifth of its letters or more are in another script.

    Input fields and a target of text with a declared language are checked. A language is clear when lingua gives another
    language at least `certainty` and the declared one at most `doubt`, or gives the declared one at most a fifth and three of
    five words occur in no other text of the declared language. Another script than the declared language's is always clear.
    In a task whose rows go both ways (`target.direction`) each row is compared with the languages of its own direction.

    Args:
        rows: Rows to check.
        context: Task and reference data.
        minimum_letters: Letters outside addresses and numbers that a text needs (a letter of Chinese, Japanese or Korean
            counts as three).
        certainty: lingua's share for the other language, at least (of 1 over some 35 languages).
        doubt: lingua's share for the declared language, at most.

    Returns:
        One reason a row, aligned to `rows.index`; "" for a row that passes.

    Raises:
        UserError: When a declared language is one that lingua does not know.
    """
    import pandas as pd

    reasons = pd.Series("", index=rows.index, dtype=object)
    for direction, positions in by_direction(rows, context.task):
        part = rows if len(positions) == len(rows) else rows.iloc[positions]
        for name, declared in text_languages(context.task, direction).items():
            if declared is None or name not in rows.columns:
                continue  # a pool that is only screened has no answers
            column = part[name].fillna("").astype(str).to_numpy(dtype=object)
            native = partial(_native, declared=declared)
            tokens = tokens_in(part, [name])
            detector = LanguageDetector(declared, minimum_letters, certainty, doubt)
            for number, code in detect_with_prefilter(
                tokens, column, detector, native=native, seed=context.seed
            ):
                if reasons.iloc[positions[number]] == "":
                    reasons.iloc[positions[number]] = f"language:{code}"
    return reasons


def declared_languages(task: Task) -> dict[str, str]:
    """Return the language of each text field that declares one.

    Args:
        task: The task.

    Returns:
        ISO 639-1 codes by field: inputs, and a target without labels.
    """
    return {name: code for name, code in text_languages(task, "").items() if code}


def _native(word: str, declared: str) -> bool:
    """Return whether a word may be one of the declared language, by its script."""
    latin = word < "\u0250"
    return latin != (declared in NOT_LATIN)
