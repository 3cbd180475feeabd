"""Rows that go both ways are judged and measured in their own direction."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from gate_rows import make_context
from pair_rows import pairs

from veritrain_lib.core import registry
from veritrain_lib.core.task import Task
from veritrain_lib.metrics.base import references_of
from veritrain_lib.metrics.term_accuracy import required_terms
from veritrain_lib.metrics.word_tokens import language_of
from veritrain_lib.quality.checks.alignment import check as alignment
from veritrain_lib.quality.checks.language import check as language
from veritrain_lib.quality.checks.length_outlier import check as length_outlier
from veritrain_lib.quality.context import Context


def both_ways() -> Task:
    return Task.model_validate(
        {
            "version": 1, "name": "ways", "inputs": {"text": {}}, "target": {"field": "translation", "direction": "way"},
            "contract": {"type": "object"}, "metrics": [{"name": "chrf"}], "glossary": {"青葉銀行": "Aoba Bank"},
            "data": {"seed": "s.csv", "development": "d.csv", "test": "t.csv"}, "gate": "translation",
        }
    )  # fmt: skip


def rows_both_ways(count: int, seed: int = 0) -> pd.DataFrame:
    """Every second pair is turned round."""
    found = pairs(count, seed)
    turned = np.arange(count) % 2 == 1
    return pd.DataFrame(
        {
            "id": found["id"], "text": np.where(turned, found["en"], found["ja"]),
            "translation": np.where(turned, found["ja"], found["en"]), "way": np.where(turned, "en-ja", "ja-en"),
            "source": "synthetic", "provenance": "{}",
        }
    ).astype(object)  # fmt: skip


def context() -> Context:
    nothing = rows_both_ways(2).iloc[:0]
    return make_context(
        both_ways(), accepted_rows=nothing, development=nothing, test_inputs=nothing, fit=None
    )


def test_each_row_is_held_against_the_languages_of_its_direction():
    rows = rows_both_ways(40)
    assert set(language(rows, context())) == {""}
    wrong = rows.assign(way=["en-ja" if way == "ja-en" else "ja-en" for way in rows["way"]])
    assert (language(wrong, context()) != "").all()


def test_pairs_of_both_directions_teach_one_lexicon():
    rows = rows_both_ways(800)
    shuffled = rows.copy()
    hit = np.arange(0, 800, 20)
    for way in (0, 1):
        of_way = hit[(hit // 20) % 2 == way] + way
        shuffled.loc[of_way, "translation"] = np.roll(rows.loc[of_way, "translation"].to_numpy(), 1)
    changed = (shuffled["translation"] != rows["translation"]).to_numpy()
    found = (alignment(shuffled, context()) != "").to_numpy()
    assert found[changed].mean() >= 0.8
    assert found[~changed].mean() <= 0.03


def test_a_copied_source_is_found_in_either_direction():
    rows = rows_both_ways(10)
    rows["translation"] = rows["text"]
    assert set(alignment(rows, context())) == {"alignment:source_in_target"}


def test_lengths_are_compared_within_a_direction():
    # Ten times as long as Japanese usually is, and usual in English.
    texts = ["はい。"] * 150 + ["this is a sentence of an ordinary length, more or less"] * 150
    rows = pd.DataFrame({"text": texts, "translation": "x", "way": ["ja-en"] * 150 + ["en-ja"] * 150}).astype(
        object
    )
    rows.loc[0, "text"] = "あ" * 54
    rows.loc[299, "text"] = "so"
    assert length_outlier(rows, context())[lambda found: found != ""].to_dict() == {
        0: "length_outlier:text=54", 299: "length_outlier:text=2",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("said", "languages"),
    [("ja-en", ("ja", "en")), ("EN_JA", ("en", "ja")), ("ja → en", ("ja", "en")), ("ja to en", ("ja", "en")), ("formal", (None, None)), (None, (None, None))],
)  # fmt: skip
def test_a_direction_is_read_in_its_usual_spellings(
    said: str | None, languages: tuple[str | None, str | None]
):
    assert both_ways().languages_of(said) == languages


def test_metrics_take_the_language_and_the_glossary_of_the_row():
    task = both_ways()
    forward = {"text": "青葉銀行に送金しました。Aoba Bankではありません。", "way": "ja-en"}
    back = {"text": "We wired it to Aoba Bank (青葉銀行).", "way": "en-ja"}
    answered = pd.DataFrame([forward, back]).assign(translation=["We wired it", "送金しました"])
    assert [language_of(task, one) for one in references_of(task, answered)] == ["en", "ja"]
    assert required_terms(task, forward) == {"青葉銀行": "Aoba Bank"}
    assert required_terms(task, back) == {"Aoba Bank": "青葉銀行"}


@pytest.mark.parametrize("rule", ["refusal", "truncation", "length_outlier"])
def test_the_suite_for_translations_asks_for(rule: str):
    from veritrain_lib.quality.suite import load_suite

    found = {one.id: one for one in load_suite("translation").rules}
    assert found[rule].meta.action == "quarantine"
    assert registry.get("checks", found[rule].meta.check)
