"""The benchmark's own counting, and a small run of it on the real data."""

from __future__ import annotations

import pytest

from benchmarks import gate
from benchmarks.planting.plant import kinds_for
from benchmarks.planting.rows import Material


def test_every_kind_has_rules_of_its_own():
    for material in (
        Material("text", "label", ["a", "b"], [], [], False),
        Material("ja", "en", [], [], [], True),
    ):
        assert set(kinds_for(material)) <= set(gate.OWN_RULES)


def test_languages_are_counted_from_the_reasons_that_are_about_them():
    caught = {
        ("wrong_language", "gross"): [(True, "language:de"), (True, "garbage:rare_trigrams"), (False, "")],
        ("untranslated_target", "plain"): [(True, "garbage:x; alignment:source_in_target")],
        ("clean", ""): [(True, "language:fr"), (True, "near_duplicate:of=1"), (False, "")],
        ("garbage", "gross"): [(True, "language:ja")],
    }
    assert gate.language_counts(caught) == (2, 1, 2)


def test_rows_that_copy_a_held_out_row_or_an_earlier_one_are_not_clean():
    rows = [{"text": "Hello, you!"}, {"text": "hello you"}, {"text": "ＡＢＣ"}, {"text": "new"}]
    kept = gate.clean_only(rows, [{"text": "abc"}], "text")
    assert kept == [{"text": "Hello, you!"}, {"text": "new"}]


@pytest.mark.slow
@pytest.mark.skipif(not gate.DATA.is_dir(), reason="the shared data folder is not beside the project")
def test_shuffled_pairs_and_planted_defects_of_translations_are_caught():
    train, test, development = (
        gate.pairs(f"tanaka_enja/{name}.jsonl") for name in ("train.000", "test", "dev")
    )
    caught, _ = gate.planted_pairs(7, 10, train[:6000], test, development, 2000)
    planted = [
        hit for (kind, _), found in caught.items() if kind not in {"clean", *gate.OWN_BAR} for hit, _ in found
    ]
    clean = [hit for hit, _ in caught["clean", ""]]
    assert sum(planted) >= 0.9 * len(planted)
    assert sum(clean) <= 0.03 * len(clean)
    recall, taken = gate.alignment(train[2000:6000], train[:2000], 7)
    assert (recall.value or 0) >= 0.8
    assert (taken.value or 1) <= 0.025
