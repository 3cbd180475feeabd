"""Gate check for texts in another language than the task declares for their field, or that mix two scripts."""

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
    """Flag rows with a text in another language than the task declares.

    Reasons: `language:<code>` (ISO 639-1) if a field is clearly in another language than declared, and
    `language:mixed_<code>` if a fifth or more of its letters are in another script.

    Input fields and a free-text target with a declared language are checked. A text is clearly in another language if
    the detector lingua gives that language a probability of at least `certainty` and the declared one at most `doubt`;
    or if it gives the declared one at most a fifth, and three of five words occur in no other text of the declared
    language. Another script than that of the declared language always counts. In a task that translates in both
    directions (`target.direction`) each row is compared with the languages of its own direction.

    Args:
        rows: Rows to check.
        context: Task and reference data.
        minimum_letters: Letters outside addresses and numbers that a text needs to be checked (a letter of Chinese,
            Japanese or Korean counts as three).
        certainty: Smallest probability that lingua must give the other language (they add up to 1 over some 35
            languages).
        doubt: Largest probability that lingua may give the declared language.

    Returns:
        One reason a row, aligned to `rows.index`; "" for a row that passes.

    Raises:
        UserError: lingua does not know a declared language.
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
    """Return the declared languages of a task's text fields: inputs, and a free-text target.

    Args:
        task: The task.

    Returns:
        ISO 639-1 codes by field; fields without a declared language are left out.
    """
    return {name: code for name, code in text_languages(task, "").items() if code}


def _native(word: str, declared: str) -> bool:
    """Return whether a word may belong to the declared language, judged by its script (Latin or not)."""
    latin = word < "\u0250"
    return latin != (declared in NOT_LATIN)
