"""A text in another language than the task declares for its field, or one that switches to another."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from veritrain_lib.quality.language.detector import NOT_LATIN, Listener
from veritrain_lib.quality.language.prefilter import vouched_or_judged
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
    """`language:<code>` (ISO 639-1) when a field is clearly in another language than it declares, and
    `language:mixed_<code>` when a fifth of its letters or more are in another script.

    Input fields and a target of text with a declared language are looked at. Clearly: lingua gives another language
    at least `certainty` and the declared one at most `doubt` (shares of 1 over some 35 languages), or it gives the
    declared one at most a fifth and three of five words stand in no other text of the declared language; on at
    least `minimum_letters` letters outside addresses and numbers (a letter of Chinese, Japanese or Korean counts as
    three). Another script than the declared language's is always clear. In a task whose rows go both ways
    (`target.direction`) each row is held against the languages of its own direction.

    Raises UserError when a declared language is one that lingua does not know.
    """
    import pandas as pd

    reasons = pd.Series("", index=rows.index, dtype=object)
    for direction, places in by_direction(rows, context.task):
        part = rows if len(places) == len(rows) else rows.iloc[places]
        for name, declared in text_languages(context.task, direction).items():
            if declared is None or name not in rows.columns:
                continue  # the answers of a pool that is only screened
            column = part[name].fillna("").astype(str).to_numpy(dtype=object)
            native = partial(_native, declared=declared)
            tokens = tokens_in(part, [name])
            listener = Listener(declared, minimum_letters, certainty, doubt)
            for number, code in vouched_or_judged(tokens, column, listener, native=native, seed=context.seed):
                if reasons.iloc[places[number]] == "":
                    reasons.iloc[places[number]] = f"language:{code}"
    return reasons


def declared_languages(task: Task) -> dict[str, str]:
    """The language (ISO 639-1) of each text field that declares one: inputs, and a target without labels."""
    return {name: code for name, code in text_languages(task, "").items() if code}


def _native(word: str, declared: str) -> bool:
    """Whether a word may be one of the declared language, by its script."""
    latin = word < "\u0250"
    return latin != (declared in NOT_LATIN)
