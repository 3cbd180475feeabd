"""Which language a text is in: by its script where that decides, else by lingua and by the words of its neighbours."""

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

# What people write to companies in; a smaller set forces every other language into itself, a larger one finds
# rare languages in short clean rows.
_USUAL = "EN DE FR ES IT PT NL PL CS SK DA SV NB FI HU RO TR RU UK BG EL AR HE FA HI BN TH VI ID JA ZH KO ET LV LT HR CA"
USUAL = tuple(_USUAL.split())
_NOT_LATIN = "ja zh ko ru uk bg be mk sr el ar fa ur he hi mr bn pa gu ta te th ka hy kk mn"
NOT_LATIN = frozenset(_NOT_LATIN.split())
OF_SCRIPT = {"latin": "en", "cjk": "ja", "hangul": "ko", "cyrillic": "ru", "greek": "el", "arabic": "ar",
             "hebrew": "he", "devanagari": "hi", "thai": "th"}  # fmt: skip
"""A language that each script is usual for: named when a text only switches to it."""

SCRIPT_LETTERS = 3
# Only ASCII neighbours go with a digit or sign: a script without spaces would lose its whole sentence.
# Looked for where an ASCII word begins only: from each of its letters anew, a word of 200,000 would take minutes.
NOT_PROSE = re.compile(
    r"https?://\S+|www\.\S+|(?<![!-~])(?:[!-~]+@[!-~]+|[!-~]*[0-9][!-~]*|[!-~]*[_\\/=<>{}][!-~]*)"
)
WORD = re.compile(r"[^\W\d_]+")
KANA = re.compile("[\u3040-\u30ff]")
HAN = re.compile("[\u3400-\u9fff]")
# Words of every other Chinese sentence that Japanese writes otherwise or not at all.
CHINESE = re.compile("[的了吗嗎呢这這那们們她你很吧么没沒说說给給让讓过還还]")

TELLING = 2_000
"""Characters of a text that lingua is shown: they tell its language as well as all of them, which may be many."""

LIKELY = 0.5
"""lingua's share from which a text teaches which words are of the declared language."""

LISTENED = 1000
"""Different words of the declared language that must be known before an unknown word means anything."""

UNHEARD = 0.6
"""Share of a text's words that stand in no other text of the declared language; slips and names reach a half."""

FAINT = 0.2
"""lingua's share of the declared language up to which unknown words decide; clean rows above 4 words have more."""

SWITCHED = 0.2
"""Share of a text's letters in another script from which it switches languages; a quoted word stays below."""


class Listener:
    """Judges texts against a declared language (ISO 639-1) and learns its words from those that are in it.

    `least`: letters below which a text says nothing; `certainty` and `doubt`: lingua's share of the other language
    at least, and of the declared one at most. Raises UserError for a language that lingua does not know.
    """

    def __init__(self, declared: str, least: int, certainty: float, doubt: float) -> None:
        detector(declared)
        self._declared, self._least, self._certainty, self._doubt = declared, least, certainty, doubt
        self._heard: Counter[str] = Counter()

    def __call__(self, texts: Sequence[str]) -> tuple[list[str], list[bool]]:
        """For each text the code of the other language it is clearly in, `mixed_CODE` where it only switches to
        it, "" for none; and whether it is most likely in the declared language."""
        words = [prose(text) for text in texts]
        asked = [number for number, text in enumerate(words) if weight(text) >= min(self._least, 3)]
        shares = _shares([words[number] for number in asked], self._declared)
        spoken = {number: set(WORD.findall(words[number].casefold())) for number in asked}
        own = [False] * len(words)
        for number, (code, _, left) in zip(asked, shares, strict=True):
            own[number] = code == self._declared
            if left >= LIKELY:
                self._heard.update(spoken[number])
        others = [""] * len(words)
        for number, (code, share, left) in zip(asked, shares, strict=True):
            text = words[number]
            switched = switch(text, self._declared)
            if switched:
                others[number] = switched if code == self._declared or switched.startswith("mixed") else code
            elif weight(text) < self._least or code == self._declared or self._declared in NOT_LATIN:
                others[number] = code if _sure_of_script(text, code, self._declared) else ""
            elif (share >= self._certainty and left <= self._doubt) or (
                left <= FAINT and self._unheard(spoken[number])
            ):
                others[number] = code
        return others, own

    def _unheard(self, words: set[str]) -> bool:
        if len(self._heard) < LISTENED or len(words) < 2:
            return False
        return sum(self._heard[word] == 0 for word in words) >= UNHEARD * len(words)


def _sure_of_script(text: str, code: str, declared: str) -> bool:
    """Whether a text is surely in `code`, which shares the declared language's script that is not Latin."""
    alone = declared in ("ja", "zh", "ko", "el", "he", "th")
    return declared in NOT_LATIN and code != declared and not alone and weight(text) >= 12


def switch(text: str, declared: str) -> str:
    """The code of a language whose script holds most of a text, `mixed_CODE` where it holds a good part, "" where
    the text is in the script of the declared language."""
    if text.isascii() and declared not in NOT_LATIN:
        return ""
    if declared == "ja" and len(HAN.findall(text)) >= 4 and not KANA.search(text):
        simplified = any(HAN.match(one) and not _in_jis(one) for one in text)
        return "zh" if simplified or CHINESE.search(text) else ""
    letters = Counter(_script(character) for character in text if character.isalpha())
    total = sum(count * _HEAVY.get(name, 1) for name, count in letters.items())
    homes = _homes(declared)
    foreign = {name: count for name, count in letters.items() if name not in homes and name}
    if not foreign or sum(letters.values()) < SCRIPT_LETTERS:
        return ""
    name = max(foreign, key=lambda one: foreign[one] * _HEAVY.get(one, 1))
    share = foreign[name] * _HEAVY.get(name, 1) / total
    code = "zh" if name == "cjk" and not KANA.search(text) else OF_SCRIPT.get(name, "xx")
    if foreign[name] < SCRIPT_LETTERS:
        return ""
    if share > 0.5:
        return code
    # Latin names and abbreviations stand in the text of any language.
    return f"mixed_{code}" if share >= SWITCHED and name != "latin" and name in scripts_in(text) else ""


_HEAVY = {"cjk": 3, "hangul": 3}
"""Letters of Latin script that one of these says as much as."""


def _homes(declared: str) -> set[str]:
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
    for start, script in _STARTS:
        if name.startswith(start):
            return script
    return ""


_STARTS = (
    ("LATIN", "latin"), ("FULLWIDTH LATIN", "latin"), ("HIRAGANA", "cjk"), ("KATAKANA", "cjk"), ("HALFWIDTH KATAKANA", "cjk"),
    ("CJK", "cjk"), ("HANGUL", "hangul"), ("CYRILLIC", "cyrillic"), ("GREEK", "greek"), ("ARABIC", "arabic"),
    ("HEBREW", "hebrew"), ("DEVANAGARI", "devanagari"), ("THAI", "thai"),
)  # fmt: skip


def _in_jis(character: str) -> bool:
    try:
        character.encode("cp932")
    except UnicodeEncodeError:
        return False
    return True


def prose(text: str) -> str:
    """The words of a text, without addresses, numbers and markup."""
    return " ".join(NOT_PROSE.sub(" ", text).split())


def weight(text: str) -> int:
    """How many letters a text has; one of Chinese, Japanese or Korean counts as three."""
    if text.isascii():
        return sum(map(str.isalpha, text))
    return sum(3 if unicodedata.category(c) == "Lo" else 1 for c in text if c.isalpha())


def _shares(texts: list[str], declared: str) -> list[tuple[str, float, float]]:
    """For each text the likeliest language, its share and the declared one's."""
    answers = []
    beginnings = [text[:TELLING] for text in texts]
    for values in detector(declared).compute_language_confidence_values_in_parallel(beginnings):
        shares = {value.language.iso_code_639_1.name.lower(): value.value for value in values}
        best = max(shares, key=lambda code: shares[code])
        answers.append((best, shares[best], shares.get(declared, 0.0)))
    return answers


def likeliest(texts: Sequence[str]) -> list[str]:
    """The likeliest language (ISO 639-1) of each text among the usual ones, "" for one that says nothing."""
    words = [prose(text) for text in texts]
    asked = [number for number, text in enumerate(words) if weight(text) >= SCRIPT_LETTERS]
    found = [""] * len(words)
    for number, (code, _, _) in zip(asked, _shares([words[number] for number in asked], "en"), strict=True):
        found[number] = code
    return found


@lru_cache(maxsize=1)
def detectable() -> tuple[str, ...]:
    """The languages (ISO 639-1) that can be told from others, sorted."""
    from lingua import Language

    return tuple(sorted(language.iso_code_639_1.name.lower() for language in Language.all()))


@lru_cache(maxsize=4)
def detector(declared: str) -> Any:
    """What tells languages apart, the declared one (ISO 639-1) among them. Its models load at the first text."""
    from lingua import IsoCode639_1, LanguageDetectorBuilder

    if declared not in detectable():
        raise UserError(
            f"language {declared!r} is not one that can be detected; leave `language` out of the input field or "
            f"use one of: {', '.join(detectable())}"
        )
    codes = [getattr(IsoCode639_1, code) for code in dict.fromkeys([*USUAL, declared.upper()])]
    return LanguageDetectorBuilder.from_iso_codes_639_1(*codes).build()
