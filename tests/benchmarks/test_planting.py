"""Planting: known defects, as many as asked for, by code that knows nothing of the checks."""

from __future__ import annotations

import ast
import random
from pathlib import Path

import pytest

from benchmarks.planting import copies, damage, private, slots
from benchmarks.planting.answers import shuffled_pairs, wrong_labels
from benchmarks.planting.around import FORMS
from benchmarks.planting.plant import OF_POOL, OF_TEST, kinds_for, plant
from benchmarks.planting.rows import SEVERITIES, Material

PLANTING = Path(__file__).resolve().parents[2] / "benchmarks" / "planting"
WORDS = [
    "please",
    "tell",
    "me",
    "what",
    "the",
    "weather",
    "will",
    "be",
    "in",
    "paris",
    "on",
    "monday",
    "morning",
    "before",
    "i",
    "travel",
    "to",
    "the",
    "office",
    "by",
    "train",
]
TOO_LONG = {("slot_swapped_test_copy", "slight")}
FOREIGN = [
    ("de", "wie wird das wetter morgen in hamburg"),
    ("ko", "내일 부산 날씨가 어떻습니까"),
    ("zh", "明天上海的天气怎么样"),
]


def texts(count: int, seed: int) -> list[str]:
    rng = random.Random(seed)
    return [f"{' '.join(rng.sample(WORDS, 7))}, {' '.join(rng.sample(WORDS, 7))} {at}" for at in range(count)]


def rows_and_material(count: int = 700) -> tuple[list[dict[str, str]], Material]:
    labels = ["book_flight", "book_hotel", "weather", "card_lost"]
    rows = [{"text": text, "label": labels[at % 4]} for at, text in enumerate(texts(count, 1))]
    test = [{"text": text, "label": labels[at % 4]} for at, text in enumerate(texts(300, 2))]
    return rows, Material("text", "label", labels, test, FOREIGN, False)


@pytest.mark.parametrize("path", sorted(PLANTING.glob("*.py")), ids=lambda path: path.name)
def test_planting_imports_nothing_of_the_library(path: Path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        assert not [name for name in names if name.startswith("veritrain_lib")]


def test_every_kind_and_severity_is_planted_as_often_as_asked():
    clean, material = rows_and_material()
    _, defects = plant(clean, material, each=3, seed=5)
    for kind in set(kinds_for(material)) - {"paraphrased_test_copy"}:
        for severity in SEVERITIES:
            found = [one for one in defects.values() if (one.kind, one.severity) == (kind, severity)]
            fits = (kind, severity) not in TOO_LONG and (kind not in FORMS or severity == "plain")
            assert len(found) == (3 if fits else 0), (kind, severity)


def test_what_is_not_planted_is_left_as_it_was_and_copies_stand_behind_their_originals():
    clean, material = rows_and_material()
    rows, defects = plant(clean, material, each=3, seed=5)
    added = sum(one.kind in OF_POOL | OF_TEST for one in defects.values())
    assert len(rows) == len(clean) + added
    untouched = [row for at, row in enumerate(rows) if at not in defects]
    assert all(row in clean for row in untouched)
    for at, defect in defects.items():
        if (defect.kind, defect.severity) == ("exact_duplicate", "gross"):
            assert rows[at] in rows[:at]


def test_the_same_seed_plants_the_same_and_another_one_other_rows():
    clean, material = rows_and_material()
    assert plant(clean, material, each=2, seed=1) == plant(clean, material, each=2, seed=1)
    assert plant(clean, material, each=2, seed=1) != plant(clean, material, each=2, seed=2)


def test_wrong_labels_and_shuffled_pairs_are_really_wrong_and_as_many_as_said():
    rows = [{"label": f"l{at % 5}", "en": f"sentence {at}"} for at in range(200)]
    wrong = wrong_labels(rows, "label", 0.1, random.Random(0))
    assert len(wrong) == 20
    assert all(rows[at]["label"] != said for at, said in wrong.items())
    shuffled = shuffled_pairs(rows, "en", 0.1, random.Random(0))
    assert len(shuffled) == 20
    assert sorted(shuffled.values()) == sorted(rows[at]["en"] for at in shuffled)
    assert all(rows[at]["en"] != said for at, said in shuffled.items())


def test_planted_cards_and_ibans_keep_their_checksums():
    rng = random.Random(3)
    for _ in range(200):
        digits = [int(d) for d in private._card(rng).replace(" ", "")]
        doubled = [d if at % 2 == 0 else sum(divmod(2 * d, 10)) for at, d in enumerate(reversed(digits))]
        assert len(digits) == 16
        assert sum(doubled) % 10 == 0
        iban = private._iban(rng).replace(" ", "")
        assert int(iban[4:] + str(ord(iban[0]) - 55) + str(ord(iban[1]) - 55) + iban[2:4]) % 97 == 1


def test_edits_change_a_text_a_little_and_reordering_keeps_its_words():
    rng = random.Random(4)
    text = "please tell me what the weather will be, i travel to paris"
    for severity in SEVERITIES:
        assert copies.near_copy(text, severity, rng, japanese=False) != text
        turned = copies.reordered(text, severity, rng)
        assert turned is not None
        assert sorted(turned.replace(",", "").split()) == sorted(text.replace(",", "").split())
    assert copies.reordered("too short", "slight", rng) is None


def test_slots_change_for_others_of_their_kind():
    changed, count = slots.swap_slots("fly to paris on monday at 7", random.Random(0), 3)
    assert count == 3
    assert not {"paris", "monday", "7"} & set(changed.split())
    assert slots.swap_slots("nothing to see here", random.Random(0), 3) == ("nothing to see here", 0)


def test_a_cut_is_inside_a_word_and_mojibake_is_the_same_bytes_read_otherwise():
    rng = random.Random(0)
    text = "please tell me what the weather will be"
    for severity in SEVERITIES:
        cut = damage.cut(text, severity, rng)
        assert cut is not None
        assert text.startswith(cut)
        assert text[len(cut) - 1].isalpha()
        assert text[len(cut)].isalpha()
    broken = damage.mojibake("元気です", "gross", rng)
    assert broken is not None
    assert b"".join(_byte(c) for c in broken[0]).decode("utf-8") == "元気です"


def _byte(character: str) -> bytes:
    try:
        return character.encode("cp1252")
    except UnicodeEncodeError:
        return character.encode("latin-1")
