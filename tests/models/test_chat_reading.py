from __future__ import annotations

import json
from typing import Any

import pytest

from veritrain_lib.models.chat_reading import Reading, read_text
from veritrain_lib.records import Candidate
from veritrain_lib.task import Task


def read(task: Task, said: Any) -> Reading:
    return read_text(said if isinstance(said, str) else json.dumps(said), task)


def test_the_stated_answer_leads_and_the_rest_follows_by_score(task: Task) -> None:
    listed = [{"label": "a", "score": 0.2}, {"label": "b", "score": 0.7}, {"label": "c", "score": 0.1}]
    assert [one.text for one in read(task, {"candidates": listed}).candidates] == ["b", "a", "c"]
    stated = read(task, {"label": "a", "candidates": listed})
    assert stated.candidates == (Candidate("a", 0.2), Candidate("b", 0.7), Candidate("c", 0.1))
    unlisted = read(task, {"label": "x", "candidates": listed})
    assert unlisted.candidates[0] == Candidate("x", None)
    assert len(unlisted.candidates) == 4


def test_where_a_score_is_missing_the_order_given_stays(task: Task) -> None:
    listed = [{"label": "a", "score": 0.1}, {"label": "b"}, "c"]
    assert read(task, {"candidates": listed}).candidates == (
        Candidate("a", 0.1),
        Candidate("b"),
        Candidate("c"),
    )


@pytest.mark.parametrize("score", ["high", True, None, float("nan"), float("inf"), 10**400])
def test_what_is_no_number_is_no_score(task: Task, score: Any) -> None:
    assert read(task, {"candidates": [{"label": "a", "score": score}]}).candidates == (Candidate("a"),)


def test_the_tasks_own_field_is_the_key(task: Task) -> None:
    french = task.model_copy(update={"target": task.target.model_copy(update={"field": "french"})})
    assert read(french, {"french": "bonjour", "label": "x"}).candidates == (Candidate("bonjour"),)
    assert read(french, '"bonjour"').candidates == (Candidate("bonjour"),)


@pytest.mark.parametrize(
    "said",
    ["", "Sure: {}", '{"label": "a"', "```json\n{}\n```", "[1]", "3", '{"label": 3}', '{"candidates": [1, {}]}', "[" * 100_000],
)  # fmt: skip
def test_a_text_that_says_nothing_usable_gives_nothing(task: Task, said: str) -> None:
    assert read(task, said).candidates == ()
