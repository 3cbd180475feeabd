"""How a question is put otherwise: by the row's own chance, in the text's own language."""

from __future__ import annotations

import random

import pandas as pd
import pytest

from veritrain_lib.core.task import Task
from veritrain_lib.stages.probe.measures.changes import (
    CHANGES,
    capitals,
    changed_rows,
    rewording,
    typing_errors,
)
from veritrain_lib.stages.probe.measures.injection import planted_labels, with_order


def test_capitals_turn_and_turn_back() -> None:
    assert capitals("Where is it?", None, random.Random(0)) == "WHERE IS IT?"
    assert capitals("WHERE", None, random.Random(0)) == "where"
    assert capitals("日本語", "ja", random.Random(0)) == "日本語"


def test_typing_errors_are_few_and_small() -> None:
    text = "when will the parcel that was ordered yesterday arrive at home"
    changed = typing_errors(text, "en", random.Random(1))
    assert changed != text
    pairs = [(old, new) for old, new in zip(text.split(), changed.split(), strict=True) if old != new]
    assert 1 <= len(pairs) <= 2
    assert all(abs(len(old) - len(new)) <= 2 and old[0] == new[0] for old, new in pairs)


def test_rewording_keeps_what_is_asked() -> None:
    changed = rewording("When I log in, the page is empty", "en", random.Random(0))
    assert "page is empty when I log in" in changed
    assert "don" in rewording("I do not see it", "en", random.Random(0))
    text = "Пожалуйста помогите"
    assert rewording(text, "ru", random.Random(0)) == text, "no rule is known for it, none is made up"


@pytest.mark.parametrize("name", list(CHANGES))
def test_a_row_is_changed_the_same_way_whoever_is_asked_beside_it(
    task: Task, development: pd.DataFrame, name: str
) -> None:
    whole = changed_rows(task, development, name, 0)
    part = changed_rows(task, development.iloc[5:9], name, 0)
    pd.testing.assert_frame_equal(whole.loc[part.index], part)
    assert (whole["text"] != development.loc[whole.index, "text"]).all()
    assert whole["label"].equals(development.loc[whole.index, "label"])


def test_a_row_that_cannot_be_changed_is_left_out(task: Task, development: pd.DataFrame) -> None:
    rows = development.head(3).assign(text=["日本語", "123", "word"])
    assert changed_rows(task, rows, "robust_case", 0)["text"].tolist() == ["WORD"]


def test_planted_labels_are_wrong_and_new_and_named_in_the_order(
    task: Task, development: pd.DataFrame
) -> None:
    answers: list[str | None] = [task.labels[at % 3] for at in range(len(development))]
    planted = planted_labels(task, development, answers, 0)
    for label, wanted, given in zip(planted, development["label"], answers, strict=True):
        assert label in task.labels
        assert label not in (wanted, given)
    changed = with_order(task, development, planted, 0)
    for text, before, label in zip(changed["text"], development["text"], planted, strict=True):
        assert text.startswith(before + "\n\n")
        assert label in text[len(before) :]
    assert len({text.split("\n\n")[1][:12] for text in changed["text"]}) == 3, "all three manners are used"


def test_free_text_is_ordered_to_another_rows_answer(task: Task, development: pd.DataFrame) -> None:
    free = task.model_copy(update={"target": task.target.model_copy(update={"labels": None})})
    planted = planted_labels(free, development, [None] * len(development), 0)
    assert all(label != wanted for label, wanted in zip(planted, development["label"], strict=True))
    only = development.head(1)
    assert planted_labels(free, only, ["x"], 0) == [""]
