from __future__ import annotations

import json
from typing import Any

import pytest

from tests.models.hostile_answers import HOSTILE
from veritrain_lib.core.records import Candidate, Response
from veritrain_lib.core.task import Task
from veritrain_lib.judging.error_annotation import _parse_reply
from veritrain_lib.judging.judge import _rating
from veritrain_lib.llm import answers
from veritrain_lib.llm.records import ChatRequest, Choice, Reply
from veritrain_lib.metrics.contract_rate import ContractRate
from veritrain_lib.models.chat_reading import ParsedAnswer, parse_answer
from veritrain_lib.teachers.synthesis.answers import _examples


def read(task: Task, said: Any) -> ParsedAnswer:
    return parse_answer(said if isinstance(said, str) else json.dumps(said), task)


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


@pytest.mark.parametrize("text", HOSTILE)
def test_whatever_a_model_says_is_read_or_called_broken_and_can_be_stored(task: Task, text: str) -> None:
    reading = parse_answer(text, task)
    for said in (*(one.text for one in reading.candidates), reading.explanation or ""):
        said.encode("utf-8")
        assert "\x00" not in said
    for contract in (
        task.contract,
        {"type": "object", "properties": {"score": {"multipleOf": 0.1, "minimum": 0}}},
    ):
        schema = task.model_copy(update={"contract": contract})
        assert ContractRate(schema).value([""], [Response((), raw=text)]) in (0.0, 1.0)
        answers.schema_violation(contract, text)
    body = json.dumps({"choices": [{"message": {"content": text}}]}).encode()
    (choice,), _, _ = answers.choices_of(ChatRequest(messages=()), 200, body)
    choice.text.encode("utf-8")
    reply = Reply("d", "done", choices=(Choice(text, "done"),))
    rating, marked = _rating(reply, "points", {5: 5}.get), _parse_reply(reply)
    (rating.reason + "".join(mark.span for mark in marked.marks or ())).encode("utf-8")
    assert (rating.value is None) == bool(rating.failed)
    assert _examples(text) is None or '"examples"' in text


def test_a_whole_letter_beyond_the_first_plane_is_left_whole() -> None:
    assert answers.storable("\ud83d\ude00 \ud800 \x00 ok") == "\U0001f600 \ufffd \ufffd ok"
