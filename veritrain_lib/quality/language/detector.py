"""Language detection of texts: by script if it decides, else by the detector lingua and a learned vocabulary.

Open this when a row is rejected for its language.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from veritrain_lib.core.errors import UserError
from veritrain_lib.quality.scripts import scripts_in

if TYPE_CHECKING:
    from collections.abc import Sequence

# Languages that people use to write to companies; a smaller set would force every other language into it, a larger one
# finds rare languages in short clean rows.
_USUAL = "EN DE FR ES IT PT NL PL CS SK DA SV NB FI HU RO TR RU UK BG EL AR HE FA HI BN TH VI ID JA ZH KO ET LV LT HR CA"
USUAL = tuple(_USUAL.split())
_NOT_LATIN = "ja zh ko ru uk bg be mk sr el ar fa ur he hi mr bn pa gu ta te th ka hy kk mn"
NOT_LATIN = frozenset(_NOT_LATIN.split())
OF_SCRIPT = {"latin": "en", "cjk": "ja", "hangul": "ko", "cyrillic": "ru", "greek": "el", "arabic": "ar",
             "hebrew": "he", "devanagari": "hi", "thai": "th"}  # fmt: skip
"""Language code (ISO 639-1) that is reported for text in a script, by the name of the script."""

SCRIPT_LETTERS = 3
# Only ASCII neighbours of a digit or sign are dropped: a script without spaces would lose its full sentence.
# Matched only where an ASCII word begins: tried from each of its letters, a word of 200,000 letters would take minutes.
NOT_PROSE = re.compile(
    r"https?://\S+|www\.\S+|(?<![!-~])(?:[!-~]+@[!-~]+|[!-~]*[0-9][!-~]*|[!-~]*[_\\/=<>{}][!-~]*)"
)
WORD = re.compile(r"[^\W\d_]+")
KANA = re.compile("[\u3040-\u30ff]")
HAN = re.compile("[\u3400-\u9fff]")
# Characters of every other Chinese sentence that Japanese writes differently or not at all.
CHINESE = re.compile("[的了吗嗎呢这這那们們她你很吧么没沒说說给給让讓过還还]")

MAXIMUM_CHARACTERS = 2_000
"""Number of characters of a text that are passed to lingua; more do not improve the detection."""

LIKELY = 0.5
"""Smallest probability (0..1) of the declared language, by lingua, for a text's words to enter the vocabulary."""

MINIMUM_VOCABULARY = 1000
"""Smallest number of known words of the declared language at which a text's unknown words count as evidence."""

UNKNOWN_WORD_SHARE = 0.6
"""Smallest share (0..1) of a text's words that occur in no other text of the declared language for it to be foreign.

In texts of the declared language, typos and names reach a half.
"""

WEAK_SHARE = 0.2
"""Largest probability (0..1) that lingua may give the declared language for unknown words to decide.

Clean rows of more than 4 words have a higher one.
"""

SWITCHED = 0.2
"""Smallest share (0..1) of a text's letters in another script for the text to count as switching languages.

A quoted word stays below it.
"""


class LanguageDetector:
    """Detector of texts in another language than declared; it learns the vocabulary of texts in the declared language.

    Args:
        declared: The declared language (ISO 639-1).
        minimum_letters: Number of letters that a text needs to be judged.
        certainty: Smallest probability (0..1) that lingua must give the other language.
        doubt: Largest probability (0..1) that lingua may give the declared language.

    Raises:
        UserError: lingua does not know the declared language.
    """

    def __init__(self, declared: str, minimum_letters: int, certainty: float, doubt: float) -> None:
        detector(declared)
        self._declared, self._minimum_letters, self._certainty, self._doubt = (
            declared,
            minimum_letters,
            certainty,
            doubt,
        )
        self._vocabulary: Counter[str] = Counter()

    def __call__(self, texts: Sequence[str]) -> tuple[list[str], list[bool]]:
        """Detect texts in another language than the declared one.

        Args:
            texts: The texts.

        Returns:
            For each text the code of the other language that it is clearly in, `mixed_CODE` if it only switches to that
            language, "" for neither; and for each text whether the declared language is its most likely one.
        """
        prose_texts = [prose(text) for text in texts]
        judged = [
            number
            for number, text in enumerate(prose_texts)
            if letter_count(text) >= min(self._minimum_letters, 3)
        ]
        shares = _shares([prose_texts[number] for number in judged], self._declared)
        words_of = {number: set(WORD.findall(prose_texts[number].casefold())) for number in judged}
        in_declared = [False] * len(prose_texts)
        for number, (code, _, declared_share) in zip(judged, shares, strict=True):
            in_declared[number] = code == self._declared
            if declared_share >= LIKELY:
                self._vocabulary.update(words_of[number])
        other_languages = [""] * len(prose_texts)
        for number, (code, share, declared_share) in zip(judged, shares, strict=True):
            text = prose_texts[number]
            switched = script_switch(text, self._declared)
            if switched:
                other_languages[number] = (
                    switched if code == self._declared or switched.startswith("mixed") else code
                )
            elif (
                letter_count(text) < self._minimum_letters
                or code == self._declared
                or self._declared in NOT_LATIN
            ):
                other_languages[number] = code if _is_sure_within_script(text, code, self._declared) else ""
            elif (share >= self._certainty and declared_share <= self._doubt) or (
                declared_share <= WEAK_SHARE and self._mostly_unknown(words_of[number])
            ):
                other_languages[number] = code
        return other_languages, in_declared

    def _mostly_unknown(self, words: set[str]) -> bool:
        if len(self._vocabulary) < MINIMUM_VOCABULARY or len(words) < 2:
            return False
        return sum(self._vocabulary[word] == 0 for word in words) >= UNKNOWN_WORD_SHARE * len(words)


def _is_sure_within_script(text: str, code: str, declared: str) -> bool:
    """Return whether a text is surely in language `code`, which shares the declared language's non-Latin script."""
    only_language_of_script = declared in ("ja", "zh", "ko", "el", "he", "th")
    return (
        declared in NOT_LATIN
        and code != declared
        and not only_language_of_script
        and letter_count(text) >= 12
    )


def script_switch(text: str, declared: str) -> str:
    """Return the language of a text that uses a script which the declared language does not use.

    Args:
        text: The text.
        declared: The declared language (ISO 639-1).

    Returns:
        The code of a language whose script holds most of the text, `mixed_CODE` if it holds a fifth or more, "" if the
        text is in the script of the declared language.
    """
    if text.isascii() and declared not in NOT_LATIN:
        return ""
    if declared == "ja" and len(HAN.findall(text)) >= 4 and not KANA.search(text):
        simplified = any(HAN.match(character) and not _is_in_shift_jis(character) for character in text)
        return "zh" if simplified or CHINESE.search(text) else ""
    letters = Counter(_script(character) for character in text if character.isalpha())
    total = sum(count * _LETTER_WEIGHTS.get(script, 1) for script, count in letters.items())
    declared_scripts = _scripts_of(declared)
    foreign = {
        script: count for script, count in letters.items() if script not in declared_scripts and script
    }
    if not foreign or sum(letters.values()) < SCRIPT_LETTERS:
        return ""
    script = max(foreign, key=lambda candidate: foreign[candidate] * _LETTER_WEIGHTS.get(candidate, 1))
    share = foreign[script] * _LETTER_WEIGHTS.get(script, 1) / total
    code = "zh" if script == "cjk" and not KANA.search(text) else OF_SCRIPT.get(script, "xx")
    if foreign[script] < SCRIPT_LETTERS:
        return ""
    if share > 0.5:
        return code
    # Latin names and abbreviations occur in texts of any language.
    return f"mixed_{code}" if share >= SWITCHED and script != "latin" and script in scripts_in(text) else ""


_LETTER_WEIGHTS = {"cjk": 3, "hangul": 3}
"""Number of Latin letters that one letter of a script counts as; 1 for all other scripts."""


def _scripts_of(declared: str) -> set[str]:
    usual = {"ja": "cjk", "zh": "cjk", "ko": "hangul", "el": "greek", "he": "hebrew", "th": "thai"}
    for codes, name in (
        ("ru uk bg be mk sr kk mn", "cyrillic"),
        ("ar fa ur", "arabic"),
        ("hi mr", "devanagari"),
    ):
        usual |= dict.fromkeys(codes.split(), name)
    home = usual.get(declared, "" if declared in NOT_LATIN else "latin")
    return {home, "cjk"} if declared == "ko" else {home, "latin"} if declared == "sr" else {home}


@lru_cache(maxsize=20_000)
def _script(character: str) -> str:
    if character.isascii():
        return "latin"
    name = unicodedata.name(character, "")
    for start, script in _UNICODE_NAMES:
        if name.startswith(start):
            return script
    return ""


_UNICODE_NAMES = (
    ("LATIN", "latin"), ("FULLWIDTH LATIN", "latin"), ("HIRAGANA", "cjk"), ("KATAKANA", "cjk"), ("HALFWIDTH KATAKANA", "cjk"),
    ("CJK", "cjk"), ("HANGUL", "hangul"), ("CYRILLIC", "cyrillic"), ("GREEK", "greek"), ("ARABIC", "arabic"),
    ("HEBREW", "hebrew"), ("DEVANAGARI", "devanagari"), ("THAI", "thai"),
)  # fmt: skip


def _is_in_shift_jis(character: str) -> bool:
    try:
        character.encode("cp932")
    except UnicodeEncodeError:
        return False
    return True


def prose(text: str) -> str:
    """Return the words of a text without addresses, numbers and markup, for language detection.

    Args:
        text: The text.

    Returns:
        The words, separated by single spaces.
    """
    return " ".join(NOT_PROSE.sub(" ", text).split())


def letter_count(text: str) -> int:
    """Return the number of letters in a text, where a letter of Chinese, Japanese or Korean counts as three.

    Args:
        text: The text.
    """
    if text.isascii():
        return sum(map(str.isalpha, text))
    return sum(3 if unicodedata.category(c) == "Lo" else 1 for c in text if c.isalpha())


def _shares(texts: list[str], declared: str) -> list[tuple[str, float, float]]:
    """Return for each text the likeliest language, the probability of that language and that of the declared one."""
    answers = []
    excerpts = [text[:MAXIMUM_CHARACTERS] for text in texts]
    for values in detector(declared).compute_language_confidence_values_in_parallel(excerpts):
        shares = {value.language.iso_code_639_1.name.lower(): value.value for value in values}
        best = max(shares, key=lambda code: shares[code])
        answers.append((best, shares[best], shares.get(declared, 0.0)))
    return answers


def most_likely_languages(texts: Sequence[str]) -> list[str]:
    """Return the likeliest language of each text among some 35 common ones (`USUAL`).

    Args:
        texts: The texts.

    Returns:
        ISO 639-1 codes, "" for a text with too few letters.
    """
    prose_texts = [prose(text) for text in texts]
    judged = [number for number, text in enumerate(prose_texts) if letter_count(text) >= SCRIPT_LETTERS]
    languages = [""] * len(prose_texts)
    for number, (code, _, _) in zip(
        judged, _shares([prose_texts[number] for number in judged], "en"), strict=True
    ):
        languages[number] = code
    return languages


@lru_cache(maxsize=1)
def detectable() -> tuple[str, ...]:
    """Return the languages (ISO 639-1) that lingua can detect, sorted."""
    from lingua import Language

    return tuple(sorted(language.iso_code_639_1.name.lower() for language in Language.all()))


@lru_cache(maxsize=4)
def detector(declared: str) -> Any:
    """Return the lingua detector for a declared language and the usual ones; its models load at the first text.

    Args:
        declared: The declared language (ISO 639-1).

    Raises:
        UserError: lingua does not know the language.
    """
    from lingua import IsoCode639_1, LanguageDetectorBuilder

    if declared not in detectable():
        raise UserError(
            f"language {declared!r} is not one that can be detected; leave `language` out of the input field or "
            f"use one of: {', '.join(detectable())}"
        )
    codes = [getattr(IsoCode639_1, code) for code in dict.fromkeys([*USUAL, declared.upper()])]
    return LanguageDetectorBuilder.from_iso_codes_639_1(*codes).build()
