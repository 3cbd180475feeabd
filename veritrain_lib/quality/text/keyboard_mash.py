"""Detection of texts that people typed without saying anything: keyboard mash, repetition, placeholders."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache, lru_cache
from itertools import pairwise

VOWELS = set("aeiouyäöüáàâãåéèêëíìîïóòôõøúùûýæœıąęėįųūőű")
KEYBOARDS = ("qwertyuiop", "asdfghjkl", "zxcvbnm", "qwertzuiopü", "asdfghjklöä", "yxcvbnm", "azertyuiop", "qsdfghjklm",
             "wxcvbn", "1234567890")  # fmt: skip
# Letter pairs that are very rare in words of European languages, apart from names.
_RARE = "vm vp vq vt vw vx vz wq wx wv wj xb xd xf xg xj xk xm xn xq xr xs xv xw xz zx zq zf zj zv zp zr"
RARE_PAIRS = frozenset(_RARE.split())
RUN = re.compile(r"(.)\1{4,}")
STUTTER = re.compile(r"(.)\1{2,}")
CONSONANTS = re.compile(f"[{''.join(sorted(VOWELS))}]")
LATIN_WORD = re.compile(r"[a-zà-öø-ÿā-ž]+")
_PLACEHOLDERS = (
    "test tests testing tester asdf asd asdfg asdfgh qwe qwer qwerty qwertz foo bar baz foobar lorem ipsum dolor sit "
    "amet xxx xxxx xx zzz aaa abc abcd xyz bla blah blub dummy sample placeholder sdf dfg fgh hjk jkl"
)
_FILLER = "a the this is just hello hi ok one two 1 2 3 12 123 1234 again"
PLACEHOLDERS = frozenset(_PLACEHOLDERS.split())
FILLER = frozenset(_FILLER.split())
CACHED_WORDS = 100_000
"""Number of words whose result is cached, since texts share most of their words."""


def repeated(text: str) -> bool:
    """Return whether a text is mostly one character, or very few words repeated.

    Args:
        text: The text.
    """
    visible = "".join(text.split())
    runs = sum(len(match[0]) for match in RUN.finditer(visible))
    if runs * 2 > len(visible):
        return True
    for width in (2, 3, 4):
        if len(visible) >= 12 and visible == (visible[:width] * len(visible))[: len(visible)]:
            return True
    tokens = text.casefold().split()
    return len(tokens) >= 6 and len(set(tokens)) * 3 <= len(tokens)


def placeholder(text: str) -> bool:
    """Return whether a text is mostly words that people type only to fill a field, such as `test`.

    Args:
        text: The text.
    """
    words = re.findall(r"\w+", text.casefold())
    real = [word for word in words if not word.isdigit() and word not in FILLER]
    if not real:
        return False
    hits = sum(word in PLACEHOLDERS or _adjacent(word) or _one_letter(word) for word in real)
    return hits * 3 > len(real) * 2


def keyboard_mash(text: str) -> bool:
    """Return whether a text is mostly keyboard mash: neighbouring keys, many consonants in a row, or hardly a vowel.

    Args:
        text: The text.
    """
    words = [word for word in LATIN_WORD.findall(text.casefold()) if len(word) >= 3]
    letters = sum(map(len, words))
    if letters < 5 or letters * 2 < sum(character.isalpha() for character in text):
        return False
    mashed_letters = sum(len(word) for word in words if _is_unpronounceable(word))
    return mashed_letters * 5 >= letters * 3


@lru_cache(CACHED_WORDS)
def _is_unpronounceable(word: str) -> bool:
    if _adjacent(word):
        return True
    word = STUTTER.sub(r"\1\1", word)  # hmmmm, aaargh, pleaaase are words
    if len(word) < 4:
        return False
    longest = max(len(run) for run in CONSONANTS.split(word))
    share = sum(letter in VOWELS for letter in word) / len(word)
    common = max(Counter(word).values()) / len(word)
    odd_pairs = sum(a + b in RARE_PAIRS for a, b in pairwise(word))
    return (
        longest >= 6
        or (longest >= 5 and share < 0.3 and len(word) <= 12)
        or (share == 0 and len(word) >= 5)
        or (common >= 0.6 and len(word) >= 6)
        or odd_pairs >= 2
        or (odd_pairs >= 1 and len(word) <= 7 and longest >= 4)
    )


def _one_letter(word: str) -> bool:
    return len(word) >= 3 and len(set(word)) == 1


@lru_cache(CACHED_WORDS)
def _adjacent(word: str) -> bool:
    """Return whether four fifths of a word's letters precede the same letter or a neighbouring one on a keyboard."""
    if len(word) < 4:
        return False
    hits = sum(b in _neighbours().get(a, "") or a == b for a, b in pairwise(word))
    return hits * 5 >= (len(word) - 1) * 4


@cache
def _neighbours() -> dict[str, str]:
    neighbours: dict[str, str] = {}
    for row in KEYBOARDS:
        for a, b in pairwise(row):
            neighbours[a] = neighbours.get(a, "") + b
            neighbours[b] = neighbours.get(b, "") + a
    return neighbours
