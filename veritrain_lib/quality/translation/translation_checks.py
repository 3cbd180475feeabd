"""Checks of single translation pairs without a model: placeholders, numbers and copies of the source.

Open this when a row is rejected as `alignment:placeholders`, `alignment:numbers` or `alignment:source_in_target`.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise

from veritrain_lib.quality.text.normal_form import UNSPACED, normal

PLACEHOLDER = re.compile(
    r"\{\{?\s*[\w.]+\s*\}?\}|\$\{[\w.]+\}|%(?:\(\w+\))?[sdif]\b|%[A-Z_]{3,}%|</?[a-zA-Z][^<>]{0,80}>|https?://[!-~]+"
    r"|[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
)
NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
MINIMUM_COPIED = 8
"""Smallest number of letters of a target that equals its source for it to count as a copy.

Shorter ones are names and `OK`.
"""

MAXIMUM_SHARED_RUN = 3
"""Largest number of consecutive characters of a script without spaces that a target may have in common with its source.

It applies to targets in a language of another script than the source's.
"""

_ONES = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_MONTHS = "january february march april may june july august september october november december"
_ORDERS = "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth"
WORDS = {
    **{word: at for at, word in enumerate(_ONES.split())},
    **{word: 20 + 10 * at for at, word in enumerate(_TENS.split())},
    **{word: 1 + at for at, word in enumerate(_MONTHS.split())},
    **{word: 1 + at for at, word in enumerate(_ORDERS.split())},
}
KANJI = {character: at for at, character in enumerate("〇一二三四五六七八九")}
UNITS = {"十": 10, "百": 100, "千": 1000}
MYRIADS = {"万": 10**4, "萬": 10**4, "億": 10**8, "亿": 10**8}
MIXED = re.compile(r"(?<![\d.,])(?:\d+(?:\.\d+)?[億亿万萬千百]){2,}\d*(?![\d.,])")
"""Pattern of a number in digits that contains at least two Japanese or Chinese units, such as `1万5千`."""


def translation_issue(source: str, target: str, languages: tuple[str, str]) -> str:
    """Return the first sign that a row's target is not a translation of its source (placeholders, numbers, copy).

    Args:
        source: The source text.
        target: The target text.
        languages: Languages of source and target (ISO 639-1).

    Returns:
        `source_in_target`, `placeholders` or `numbers`; "" for none.
    """
    if languages[0] != languages[1] and _is_copied(source, target):
        return "source_in_target"
    if sorted(PLACEHOLDER.findall(source)) != sorted(PLACEHOLDER.findall(target)):
        return "placeholders"
    return "numbers" if _numbers_differ(source, target) else ""


def _is_copied(source: str, target: str) -> bool:
    source_form, target_form = normal(source).replace(" ", ""), normal(target).replace(" ", "")
    if source_form == target_form:
        return len(source_form) >= MINIMUM_COPIED or any(map(UNSPACED.match, source_form))
    if UNSPACED.search(target_form) is None:
        return False
    if len(UNSPACED.findall(target_form)) * 2 > len(target_form) and len(
        UNSPACED.findall(source_form)
    ) * 2 < len(source_form):
        return False
    return any(run in source_form for run in _unspaced_runs(target_form))


def _unspaced_runs(text: str) -> list[str]:
    """Return every piece of `MAXIMUM_SHARED_RUN` + 1 consecutive characters of scripts without spaces in a text."""
    width = MAXIMUM_SHARED_RUN + 1
    pieces = (text[start : start + width] for start in range(len(text) - width + 1))
    return [piece for piece in pieces if all(map(UNSPACED.match, piece))]


def _numbers_differ(source: str, target: str) -> bool:
    """Return whether each of two texts has a number in digits that the other does not contain in any form."""
    source, target = (
        MIXED.sub(_written_out, unicodedata.normalize("NFKC", text).casefold()) for text in (source, target)
    )
    source_numbers, target_numbers = _digits(source), _digits(target)
    if not source_numbers or not target_numbers:
        return False
    lost, added = source_numbers - _any_form(target), target_numbers - _any_form(source)
    return bool(lost and added)


def _written_out(match: re.Match[str]) -> str:
    """Return a matched number with Japanese or Chinese units in plain digits: `1万5千` becomes `15000`."""
    total = part = 0.0
    for number, unit in re.findall(r"([\d.]+)([億亿万萬千百]?)", match[0]):
        if unit in MYRIADS:
            total, part = total + (part + float(number)) * MYRIADS[unit], 0.0
        else:
            part += float(number) * UNITS.get(unit, 1)
    return f"{total + part:.10g}"


def _digits(text: str) -> set[float]:
    return {_value(match) for match in NUMBER.findall(text)}


def _value(text: str) -> float:
    thousands = re.fullmatch(r"\d{1,3}(?:[.,]\d{3})+", text)
    plain = re.sub(r"[.,]", "", text) if thousands else text.replace(",", ".")
    try:
        return float(plain)
    except ValueError:
        return float(re.sub(r"\D", "", text))


def _any_form(text: str) -> set[float]:
    """Return all numbers that a text may mean.

    These are its numbers in digits, in English words and in kanji, their multiples by powers of ten, and hours on the
    12- and the 24-hour clock.
    """
    numbers = _digits(text) | {float(piece) for piece in re.findall(r"\d+", text)}
    words = [float(WORDS[word]) for word in re.findall(r"[a-z]+", text) if word in WORDS]
    numbers |= {
        *words,
        *(tens + units for tens, units in pairwise(words) if tens >= 20 > units),
    }
    numbers |= {_kanji(match) for match in re.findall("[〇一二三四五六七八九十百千]+", text)}
    scaled = {
        number * scale for number in numbers for scale in (1e-4, 1e-3, 0.01, 0.1, 10, 100, 1e3, 1e4, 1e6, 1e8)
    }
    clock = {number + 12 for number in numbers if number <= 12} | {
        number - 12 for number in numbers if number >= 12
    }
    return numbers | {round(number, 6) for number in scaled} | clock


def _kanji(text: str) -> float:
    if not any(character in UNITS for character in text):
        return float("".join(str(KANJI[character]) for character in text))
    total, digit = 0, None
    for character in text:
        if character in UNITS:
            total, digit = total + (1 if digit is None else digit) * UNITS[character], None
        else:
            digit = KANJI[character]
    return float(total + (digit or 0))
