"""Planting of seven kinds of defects, in fixed numbers, in a pool of clean sentence pairs.

It shares no code with the checks that must find them: it has separate word lists and edits and does not import the library.
"""

from __future__ import annotations

import random
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace

from benchmarks.translation_slots import NAMES, NUMBERS, Value, draw
from benchmarks.translation_text import Pair

ELSEWHERE = ("wrong_language", "exact_duplicate", "test_copy")
"""Kinds that are put beside the clean pairs."""

IN_PLACE = ("misaligned", "untranslated", "wrong_number", "wrong_name")
"""Kinds that take the place of a clean pair."""

COUNTS = dict.fromkeys((*IN_PLACE, *ELSEWHERE), 12) | {"misaligned": 18}
"""Rows of each kind, 90 in all: 15 % of a pool of 600."""

SPOILED_PAIRS = sum(COUNTS[kind] for kind in IN_PLACE)
"""Pairs that are made dirty in place."""


@dataclass(frozen=True)
class Dirt:
    """The defect of a row: its kind, a `detail` for people, and the correct translation ("" where there is none)."""

    kind: str
    translation: str
    detail: str = ""


@dataclass(frozen=True)
class Planted:
    """A row of the pool, its defect (None for a clean one), and the pair that it copies."""

    pair: Pair
    dirt: Dirt | None = None
    original: Pair | None = None


def plant(
    clean: Sequence[Pair],
    spoil: Sequence[Pair],
    *,
    seed: Sequence[Pair],
    test: Sequence[Pair],
    foreign: Sequence[tuple[str, str]],
    rng: random.Random,
) -> list[Planted]:
    """Return the shuffled pool, with defects planted in the pairs of `spoil`.

    `spoil` are at least `SPOILED_PAIRS` pairs, which are changed in place. A copy comes after its original, so that the
    copy is the defect.

    Raises:
        ValueError: too few pairs of `spoil` have a number or a name, or all of them are of one situation.
    """
    left = list(spoil)
    rows = [Planted(pair) for pair in clean]
    for kind, kinds, edit in (("wrong_number", NUMBERS, wrong_value), ("wrong_name", NAMES, wrong_value)):
        fitting = [pair for pair in left if _slots_of(pair, kinds)][: COUNTS[kind]]
        if len(fitting) < COUNTS[kind]:
            raise ValueError(f"{len(fitting)} pairs for {kind}, {COUNTS[kind]} are needed")
        for pair in fitting:
            left.remove(pair)
            translation, detail = edit(pair, kinds, rng)
            rows.append(_spoiled(pair, kind, translation, detail))
    for turn in range(COUNTS["untranslated"]):
        pair = left.pop()
        note = ("", "", "[TODO] ")[turn % 3]
        rows.append(
            _spoiled(pair, "untranslated", note + pair.text, "a note and a copy" if note else "a copy")
        )
    rows += _misaligned(left[: COUNTS["misaligned"]])
    for text, translation in rng.sample(foreign, COUNTS["wrong_language"]):
        like = rng.choice(clean)
        pair = replace(like, text=text, translation=translation)
        rows.append(Planted(pair, Dirt("wrong_language", "", _scripts(text, translation))))
    for turn in range(COUNTS["exact_duplicate"]):
        of, where = (rng.choice(seed), "seed") if turn % 3 == 2 else (clean[turn], "pool")
        edit_text = (same, other_signs)[turn % 2]
        copy = replace(of, text=edit_text(of.text))
        rows.append(
            Planted(copy, Dirt("exact_duplicate", of.translation, f"of {where}, {edit_text.__name__}"), of)
        )
    for turn, of in enumerate(rng.sample(test, COUNTS["test_copy"])):
        edit_text = (same, other_signs)[turn % 2]
        copy = replace(of, text=edit_text(of.text))
        rows.append(Planted(copy, Dirt("test_copy", of.translation, edit_text.__name__)))
    return _mixed(rows, rng)


def _spoiled(pair: Pair, kind: str, translation: str, detail: str) -> Planted:
    return Planted(replace(pair, translation=translation), Dirt(kind, pair.translation, detail))


def _misaligned(pairs: Sequence[Pair]) -> list[Planted]:
    """Give each pair the translation of another situation, as when a file is shifted by some lines."""
    ordered = sorted(pairs, key=lambda pair: pair.situation)
    shift = max(sum(pair.situation == other.situation for other in ordered) for pair in ordered)
    if shift > len(ordered) // 2:
        raise ValueError(f"{shift} of {len(ordered)} pairs are of one situation; they can't be misaligned")
    given = [*ordered[shift:], *ordered[:shift]]
    return [
        _spoiled(pair, "misaligned", other.translation, f"of {other.situation}")
        for pair, other in zip(ordered, given, strict=True)
    ]


def _slots_of(pair: Pair, kinds: frozenset[str]) -> list[str]:
    return [
        key
        for key, value in pair.values.items()
        if key.rstrip("23") in kinds and pair.translation.count(value.english) == 1
    ]


def wrong_value(pair: Pair, kinds: frozenset[str], rng: random.Random) -> tuple[str, str]:
    """Replace one value of these kinds in the translation by another; return it and the change."""
    key = rng.choice(_slots_of(pair, kinds))
    right = pair.values[key]
    wrong = _another(key.rstrip("23"), right, pair, rng)
    return pair.translation.replace(right.english, wrong), f"{right.english} became {wrong}"


def _another(kind: str, right: Value, pair: Pair, rng: random.Random) -> str:
    if kind in ("n", "min", "tens", "nth"):
        return str(right.order + rng.choice((1, 2, 10))) + right.english.lstrip("0123456789")
    argument = right.english.partition("-")[0] if kind == "id" else ""
    while True:
        wrong = draw(kind, argument, rng, spoken=False).english
        if wrong not in pair.translation:
            return wrong


def same(text: str) -> str:
    """Return the text unchanged."""
    return text


def other_signs(text: str) -> str:
    """Write digits in the other width and other punctuation between clauses, as another input method does."""
    wide = {ord(digit): chr(ord(digit) + 0xFEE0) for digit in "0123456789"}
    return text.translate({**wide, ord("、"): "，"}).removesuffix("。")


def _scripts(*texts: str) -> str:
    """Return the scripts of the texts, such as `HANGUL to LATIN`: the script of most of their letters."""
    found = []
    for text in texts:
        names = [unicodedata.name(letter).split()[0] for letter in text if letter.isalpha()]
        found.append("HIRAGANA" if "HIRAGANA" in names else max(set(names), key=names.count))
    return " to ".join(found)


def _mixed(rows: list[Planted], rng: random.Random) -> list[Planted]:
    """Shuffle the rows, with each copy after its original."""
    places = {id(row.pair): rng.random() for row in rows if row.original is None}

    def place(row: Planted) -> float:
        if row.original is None:
            return places[id(row.pair)]
        first = places.get(id(row.original), 0.0)
        return first + (1 - first) * rng.random()

    return sorted(rows, key=place)
