"""The teacher `pool` holds rows back that have no label, learns from the answer "none of these", and offers new labels."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from veritrain_lib.core.rows import NONE_OF_THESE, read_examples
from veritrain_lib.core.task import Task
from veritrain_lib.teachers.out_of_scope.hold_back import DEFAULT_SHARE, HoldBack, share_of
from veritrain_lib.teachers.pool import Pool

FOREIGN = [
    f"{verb} a {kind} pizza with {topping}"
    for verb in ("bake", "order", "eat", "slice")
    for kind in ("large", "small", "thin")
    for topping in ("cheese", "mushrooms", "olives")
]
"""Texts of a subject that no label of the bench's task names."""


def with_share(task: Task, share: float | None, trainer: str = "tfidf_svc") -> Task:
    teacher = task.teacher.model_copy(update={"out_of_scope": share})
    return task.model_copy(
        update={"teacher": teacher, "trainer": task.trainer.model_copy(update={"name": trainer})}
    )


@pytest.fixture
def mixed(bench: Any, make_pool: Any) -> Any:
    """The bench with 60 starting rows, and a pool of 120 rows with a label and 36 without."""
    bench.write_pool([*make_pool(120, 2), *((text, NONE_OF_THESE) for text in FOREIGN)])
    file = bench.task.path.parent / "more.csv"
    pd.DataFrame(make_pool(60, 9), columns=["text", "label"]).to_csv(file, index=False)
    bench.human = read_examples(bench.task, file, "human").drop_duplicates("id")
    return bench


def test_it_is_on_where_the_trainer_reads_vectors_and_off_elsewhere(bench: Any) -> None:
    assert share_of(with_share(bench.task, None)) == 0
    assert share_of(with_share(bench.task, None, "encoder_svc")) == DEFAULT_SHARE
    assert share_of(with_share(bench.task, 0.0, "encoder_svc")) == 0
    assert share_of(with_share(bench.task, 0.1)) == 0.1


def test_rows_of_a_subject_without_a_label_are_held_back_and_offered_as_a_label(mixed: Any) -> None:
    written = Pool(choose="uncertainty", batch=20).write(mixed.request(40, task=with_share(mixed.task, 0.03)))
    assert written.held_back is not None
    assert written.new_labels is not None
    assert written.no_label is not None
    assert set(FOREIGN) - set(written.no_label["text"]) <= set(written.held_back["text"])
    assert len(set(written.held_back["text"]) - set(FOREIGN)) <= 12
    assert written.left is not None
    assert (
        written.left + len(written.held_back) + len(written.rows) + len(written.no_label)
        == len(read_examples(mixed.task, mixed.task.file("pool"), "pool").drop_duplicates("id"))
    )  # fmt: skip
    assert "pizza" in written.new_labels["examples"][0]


def test_a_row_answered_none_of_these_counts_as_asked_but_is_no_training_row(mixed: Any) -> None:
    written = Pool(choose="random", batch=20).write(mixed.request(60, task=with_share(mixed.task, 0.0)))
    assert written.no_label is not None
    assert len(written.no_label)
    assert set(written.no_label["text"]) <= set(FOREIGN)
    assert not set(written.rows["text"]) & set(FOREIGN)
    assert len(written.rows) + len(written.no_label) == 60
    assert written.held_back is None
    assert written.new_labels is None


def test_people_answer_none_of_these_whatever_its_spelling(mixed: Any) -> None:
    ids = read_examples(mixed.task, mixed.task.file("pool"), "pool", answers=False)["id"]
    answers = dict.fromkeys(ids, " None of  THESE ")
    written = Pool(choose="random", batch=20).write(mixed.request(20, human_labels=answers))
    assert written.no_label is not None
    assert (len(written.rows), len(written.no_label), len(written.waiting)) == (0, 20, 0)


def test_rows_nearer_to_one_answered_none_than_to_any_training_row_are_held_back(mixed: Any) -> None:
    pool = read_examples(mixed.task, mixed.task.file("pool"), "pool", answers=False).drop_duplicates("id")
    is_foreign = pool["text"].isin(FOREIGN)
    one = pool[is_foreign].iloc[:1]
    # A share so small that the training rows' novelty holds back next to nothing.
    holding = HoldBack(mixed.task, mixed.human, pool, pool.iloc[:0], share=1e-9, seed=0)
    before = set(holding.held_back(pool)["id"])
    holding.learn(mixed.human.iloc[:0], one)
    after = set(holding.held_back(pool)["id"])
    assert before <= after
    assert set(pool["id"][is_foreign]) <= after
    assert not set(pool["id"][~is_foreign]) & (after - before)
    again = HoldBack(mixed.task, mixed.human, pool, one, share=1e-9, seed=0)
    assert set(again.held_back(pool)["id"]) == after


def test_few_training_rows_hold_nothing_back(bench: Any) -> None:
    written = Pool(batch=10).write(bench.request(10, task=with_share(bench.task, 0.03)))
    assert len(bench.human) == 20
    assert written.held_back is None


def test_a_task_may_have_a_label_of_that_name(mixed: Any) -> None:
    target = mixed.task.target.model_copy(update={"labels": [*mixed.task.labels, NONE_OF_THESE]})
    task = mixed.task.model_copy(update={"target": target})
    written = Pool(choose="random", batch=20).write(replace(mixed.request(60), task=task))
    assert written.no_label is not None
    assert not len(written.no_label)
    assert NONE_OF_THESE in set(written.rows["label"])
