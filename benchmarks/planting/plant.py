"""Plants every kind of defect in clean rows."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from functools import partial

from benchmarks.planting import answers, contract, copies, damage, numbers, private
from benchmarks.planting.around import FORMS, around
from benchmarks.planting.numbers import NAMES
from benchmarks.planting.paraphrase import paraphrase
from benchmarks.planting.rows import SEVERITIES, Defect, Material, Row

EVERYWHERE = (
    "contract_broken", "missing_field", "exact_duplicate", "near_duplicate", "reordered_duplicate", "test_copy",
    "near_test_copy", "slot_swapped_test_copy", "wrong_language", "personal_data", "key", "garbage", "mojibake",
    "truncation", "refusal", "national_id", "national_phone", "full_width", *FORMS,
)  # fmt: skip
"""Kinds that any text can have."""

OF_LABELS, OF_PAIRS = ("wrong_label",), ("untranslated_target", "shuffled_pair")
"""Kinds of rows with a label, and of rows with a translation."""

WITHOUT_BAR = ("paraphrased_test_copy", "cross_language_test_copy")
"""Kinds that are measured and reported only: the second is a test pair turned round, of translations alone."""

HARMLESS = tuple(f"harmless_{name}" for name in NAMES)
"""Honest rows that hold what looks like a key: they count as clean, and each kind by itself."""

OF_POOL = frozenset({"exact_duplicate", "near_duplicate", "reordered_duplicate"})
OF_TEST = frozenset({"test_copy", "near_test_copy", "slot_swapped_test_copy", *FORMS, *WITHOUT_BAR})


def kinds_for(material: Material) -> tuple[str, ...]:
    """The kinds that rows like these can have."""
    own = (*OF_LABELS, *WITHOUT_BAR[:1]) if material.labels else (*OF_PAIRS, *WITHOUT_BAR)
    return (*EVERYWHERE, *own, *HARMLESS)


def plant(
    clean: Sequence[Row],
    material: Material,
    *,
    each: int,
    seed: int,
    kinds: Sequence[str] = (),
) -> tuple[list[Row], dict[int, Defect]]:
    """The rows, shuffled, with `each` rows of every kind and severity, and what is wrong with which (by position).

    A copy is a row more and stands behind its original, so that it is the copy that is wrong; every other
    defect is done to a clean row of its own. A kind that the data has too few fitting rows for is planted less
    often.
    """
    rng = random.Random(seed)
    used: set[int] = set()
    copied: set[int] = set()
    rows: list[tuple[Row, Defect | None, int | None]] = [(dict(row), None, None) for row in clean]
    for kind in kinds or kinds_for(material):
        for severity in SEVERITIES:
            make = _maker(kind, severity, clean, material, rng)
            if kind in OF_TEST:
                # A test row may come back in more than one form.
                seen = set() if kind in FORMS else copied
                for row, how in _made(make, material.test, seen, each, rng).values():
                    rows.append((row, Defect(kind, severity, how), None))
                continue
            for at, (row, how) in _made(make, clean, used, each, rng).items():
                if kind in OF_POOL:
                    rows.append((row, Defect(kind, severity, how), at))
                else:
                    rows[at] = (row, Defect(kind, severity, how), None)
    return _shuffled(rows, rng)


Maker = Callable[[Row], tuple[dict[str, str], str] | None]


def _made(
    make: Maker, originals: Sequence[Row], used: set[int], count: int, rng: random.Random
) -> dict[int, tuple[Row, str]]:
    """Up to `count` defective rows by the position of their original, which is used once at most."""
    made: dict[int, tuple[Row, str]] = {}
    for at in rng.sample(range(len(originals)), len(originals)):
        if len(made) == count:
            break
        one = None if at in used else make(originals[at])
        if one is not None:
            made[at] = ({**originals[at], **one[0]}, one[1])
            used.add(at)
    return made


def _maker(kind: str, severity: str, clean: Sequence[Row], material: Material, rng: random.Random) -> Maker:
    source, target, japanese = material.source, material.target, material.japanese
    hurt = [source] if not japanese else [source, target]

    def put(field: str, made: tuple[str, str] | None) -> tuple[dict[str, str], str] | None:
        return None if made is None else ({field: made[0]}, made[1])

    def whole(text: str | None) -> tuple[dict[str, str], str] | None:
        return None if text is None else ({source: text}, severity)

    def with_phrase(row: Row, made: tuple[str, str]) -> tuple[dict[str, str], str]:
        field = rng.choice(hurt)
        return {field: f"{row[field]} {made[0]}"}, made[1]

    def cut(row: Row) -> tuple[dict[str, str], str] | None:
        field = rng.choice(hurt)
        text = damage.cut(row[field], severity, rng)
        return None if text is None else ({field: text}, field)

    def exact(row: Row) -> tuple[dict[str, str], str] | None:
        text = copies.exact_copy(row[source], severity, rng)
        return {source: text, target: row[target]}, severity

    def refused(row: Row) -> tuple[dict[str, str], str]:
        field = rng.choice(hurt)
        return {field: damage.refusal(severity, rng, japanese=japanese and field == source)}, field

    def swapped(row: Row) -> tuple[dict[str, str], str] | None:
        if severity == "slight" and len(row[source].split()) > 8 and not japanese:
            return None  # one slot of a short row is the larger part of it
        return whole(copies.slot_copy(row[source], rng, 2 if severity == "gross" else 1))

    def near(row: Row) -> tuple[dict[str, str], str] | None:
        return whole(copies.near_copy(row[source], severity, rng, japanese=japanese))

    def held(row: Row, form: str) -> tuple[dict[str, str], str] | None:
        return whole(around(row[source], form, japanese=japanese)) if severity == "plain" else None

    def wide(row: Row) -> tuple[dict[str, str], str]:
        make = rng.choice((private.personal, numbers.national_phone))
        return with_phrase(row, numbers.full_width(make("slight" if severity == "slight" else "plain", rng)))

    def named(row: Row, name: str) -> tuple[dict[str, str], str]:
        # A translation keeps it: it stands on both sides of an honest pair.
        phrase = numbers.harmless(name, rng)
        return {field: f"{row[field]} {phrase}" for field in hurt}, name

    makers: dict[str, Maker] = {
        **{form: partial(held, form=form) for form in FORMS},
        **{f"harmless_{name}": partial(named, name=name) for name in NAMES},
        "national_id": lambda row: with_phrase(row, numbers.national_id(severity, rng)),
        "national_phone": lambda row: with_phrase(row, numbers.national_phone(severity, rng)),
        "full_width": wide,
        "test_copy": exact,
        "near_test_copy": near,
        "slot_swapped_test_copy": swapped,
        "paraphrased_test_copy": lambda row: whole(paraphrase(row[source], rng)),
        "cross_language_test_copy": lambda row: ({source: row[target], target: row[source]}, "turned round"),
        "contract_broken": lambda row: contract.broken(row, severity, material, rng),
        "missing_field": lambda row: contract.missing(severity, material, rng),
        "exact_duplicate": exact,
        "near_duplicate": near,
        "reordered_duplicate": lambda row: whole(copies.reordered(row[source], severity, rng)),
        "wrong_language": lambda row: answers.wrong_language(row, severity, material, rng),
        "untranslated_target": lambda row: (
            {target: answers.untranslated(row, severity, material, rng)},
            severity,
        ),
        "personal_data": lambda row: with_phrase(row, private.personal(severity, rng)),
        "key": lambda row: with_phrase(row, private.key(severity, rng)),
        "garbage": lambda row: put(rng.choice(hurt), damage.garbage(severity, rng)),
        "mojibake": lambda row: put(source, damage.mojibake(row[source], severity, rng)),
        "truncation": cut,
        "refusal": refused,
        "wrong_label": lambda row: put(target, answers.wrong_label(row, severity, material, rng)),
        "shuffled_pair": lambda row: (
            {target: answers.other_target(row, severity, clean, material, rng)},
            severity,
        ),
    }
    return makers[kind]


def _shuffled(
    rows: Sequence[tuple[Row, Defect | None, int | None]], rng: random.Random
) -> tuple[list[Row], dict[int, Defect]]:
    places = rng.sample(range(len(rows)), len(rows))
    for number, (_, _, original) in enumerate(rows):
        if original is not None and places[number] < places[original]:
            places[number], places[original] = places[original], places[number]
    made: list[Row] = [{}] * len(rows)
    defects = {}
    for place, (row, defect, _) in zip(places, rows, strict=True):
        made[place] = row
        if defect is not None:
            defects[place] = defect
    return made, defects
