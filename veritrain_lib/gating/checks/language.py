"""A message in another language than the task declares for the field."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from veritrain_lib.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.gating.context import Context

# What people write to companies in; a smaller set forces every other language into itself, a larger one finds
# rare languages in short clean rows.
_USUAL = "EN DE FR ES IT PT NL PL CS SK DA SV NB FI HU RO TR RU UK BG EL AR HE FA HI BN TH VI ID JA ZH KO ET LV LT HR CA"
USUAL = tuple(_USUAL.split())
_NOT_LATIN = "ja zh ko ru uk bg be mk sr el ar fa ur he hi mr bn pa gu ta te th ka hy kk mn"
NOT_LATIN = frozenset(_NOT_LATIN.split())
SCRIPT_LETTERS = 3
# Only ASCII neighbours go with a digit or sign: a script without spaces would lose its whole sentence.
NOT_PROSE = re.compile(r"https?://\S+|www\.\S+|[!-~]+@[!-~]+|[!-~]*[0-9][!-~]*|[!-~]*[_\\/=<>{}][!-~]*")


def check(
    rows: pd.DataFrame,
    context: Context,
    *,
    minimum_letters: Annotated[int, Field(ge=1)] = 12,
    certainty: Annotated[float, Field(ge=0, le=1)] = 0.7,
    doubt: Annotated[float, Field(ge=0, le=1)] = 0.05,
) -> pd.Series[str]:
    """`language:<code>` (ISO 639-1) when an input field is clearly in another language than it declares.

    Clearly: lingua gives that language at least `certainty` and the declared one at most `doubt` (shares of
    1 over some 35 languages), on at least `minimum_letters` letters outside addresses and numbers (a letter of
    Chinese, Japanese or Korean counts as three). Another script than the declared language's is always clear.
    Fields without a declared language are not looked at.

    Raises UserError when a declared language is one that lingua does not know.
    """
    import pandas as pd

    reasons = pd.Series("", index=rows.index, dtype=object)
    for name, field in context.task.inputs.items():
        if field.language is None:
            continue
        texts = [prose(text) for text in rows[name].fillna("").astype(str)]
        long_enough = [number for number, text in enumerate(texts) if _weight(text) >= minimum_letters]
        found = _languages([texts[number] for number in long_enough], field.language)
        for number, (code, share, declared) in zip(long_enough, found, strict=True):
            clear = (share >= certainty and declared <= doubt) or _other_script(texts[number], field.language)
            if code != field.language and clear and reasons.iloc[number] == "":
                reasons.iloc[number] = f"language:{code}"
    return reasons


def prose(text: str) -> str:
    """The words of a text, without addresses, numbers and markup, in lower case unless all of it is one case."""
    return " ".join(NOT_PROSE.sub(" ", text).split())


def _weight(text: str) -> int:
    return sum(3 if unicodedata.category(c) == "Lo" else 1 for c in text if c.isalpha())


def _other_script(text: str, declared: str) -> bool:
    letters = [character for character in text if character.isalpha()]
    latin = sum(
        unicodedata.name(character, "").startswith(("LATIN", "FULLWIDTH LATIN")) for character in letters
    )
    if len(letters) < SCRIPT_LETTERS:
        return False
    return latin == len(letters) if declared in NOT_LATIN else latin * 2 < len(letters)


def _languages(texts: list[str], declared: str) -> list[tuple[str, float, float]]:
    detector = _detector(declared)
    answers = []
    for values in detector.compute_language_confidence_values_in_parallel(texts):
        shares = {value.language.iso_code_639_1.name.lower(): value.value for value in values}
        best = max(shares, key=lambda code: shares[code])
        answers.append((best, shares[best], shares.get(declared, 0.0)))
    return answers


@lru_cache(maxsize=4)
def _detector(declared: str) -> Any:
    from lingua import IsoCode639_1, Language, LanguageDetectorBuilder

    known = {language.iso_code_639_1.name for language in Language.all()}
    if declared.upper() not in known:
        raise UserError(
            f"language {declared!r} is not one that can be detected; leave `language` out of the input field or "
            f"use one of: {', '.join(sorted(code.lower() for code in known))}"
        )
    codes = [getattr(IsoCode639_1, code) for code in dict.fromkeys([*USUAL, declared.upper()])]
    return LanguageDetectorBuilder.from_iso_codes_639_1(*codes).build()
