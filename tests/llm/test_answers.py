"""A raw answer is judged candidate by candidate: one bad neighbour spoils nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.llm.questions import LABEL, question
from tests.llm.server import Answer, completion
from veritrain_lib.core.errors import UserError
from veritrain_lib.llm import answers
from veritrain_lib.llm.records import Endpoint
from veritrain_lib.llm.request_body import body_of, is_strict

GOOD = '{"label": "yes"}'


def raw(answer: Answer, n: int = 1, **body: Any) -> bytes:
    sent = {"model": "m", "messages": [{"role": "user", "content": "q"}], "n": n, **body}
    return json.dumps(completion(sent, answer)).encode()


def test_one_bad_candidate_leaves_the_other_three() -> None:
    answer = raw(Answer(texts=[GOOD, '{"label": "perhaps"}', '{"label": "no"}', '{"label": ']), n=4)
    choices, outcome, reason = answers.choices_of(question(schema=LABEL, n=4), 200, answer)
    assert [choice.outcome for choice in choices] == ["done", "invalid", "done", "invalid"]
    assert "at /label" in choices[1].reason
    assert "not JSON" in choices[3].reason
    assert (outcome, reason) == ("done", "")


@pytest.mark.parametrize(
    ("answer", "outcome", "said"),
    [
        (Answer(texts=[GOOD], finish="length"), "invalid", "cut at the limit"),
        (Answer(texts=[GOOD], finish="content_filter"), "filtered", "cut the answer"),
        (Answer(refusal="I can't."), "refused", "I can't."),
        (Answer(texts=[" \n"]), "invalid", "empty"),
        (Answer(texts=['{"label": "yes"} and more']), "invalid", "not JSON"),
        (Answer(texts=['{"label": NaN}']), "invalid", "not a JSON number"),
        (Answer(texts=["[" * 100_000]), "invalid", "not JSON"),
        (Answer(texts=['{"label": "\\ud800"}']), "invalid", "can't be checked"),
    ],
)
def test_a_bad_answer_says_what_is_wrong_with_it(answer: Answer, outcome: str, said: str) -> None:
    choices, found, reason = answers.choices_of(question(schema=LABEL), 200, raw(answer))
    assert (found, choices[0].outcome) == (outcome, outcome)
    assert said in reason


def test_a_filtered_prompt_is_an_answer_and_another_400_is_none() -> None:
    body = json.dumps({"error": {"code": "content_filter", "message": "policy"}}).encode()
    assert answers.is_content_filter(400, body)
    assert answers.choices_of(question(), 400, body)[1] == "filtered"
    assert not answers.is_content_filter(400, json.dumps({"error": {"code": None}}).encode())
    assert not answers.is_content_filter(500, body)


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"[]", b"null", b'{"choices": null}', b'{"choices": []}', b'{"choices": ["x"]}', b"\xff"],
)
def test_a_200_without_choices_is_no_answer(body: bytes) -> None:
    assert answers.parse(body) is None


def test_log_probabilities_are_summed_and_absent_where_none_are_given() -> None:
    likely = raw(Answer(texts=["yes no"], logprobs=[-0.25, -1.5]), logprobs=True)
    assert answers.choices_of(question(), 200, likely)[0][0].log_probability == pytest.approx(-1.75)
    assert answers.choices_of(question(), 200, raw(Answer()))[0][0].log_probability is None


def test_usage_that_is_not_told_is_not_invented() -> None:
    assert answers.usage_of({"usage": None}) is None
    assert answers.usage_of({"usage": {"prompt_tokens": 3}}) is None
    told = {"prompt_tokens": 3, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 1}}
    found = answers.usage_of({"usage": told})
    assert found is not None
    assert (found.input_tokens, found.output_tokens, found.cached_tokens) == (3, 2, 1)


def test_a_schema_that_is_none_is_refused_before_anything_is_asked() -> None:
    with pytest.raises(UserError, match="JSON Schema for the answers is not valid"):
        answers.check_schema({"type": "lable"})


@pytest.mark.parametrize(
    ("schema", "strict"),
    [
        ({**LABEL, "additionalProperties": False}, True),
        (LABEL, False),
        ({"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
          "required": ["a"], "additionalProperties": False}, False),
        ({"type": "array", "items": {"type": "string"}}, False),
        ({"type": "object", "properties": {"a": {"oneOf": [{"type": "string"}]}}, "required": ["a"],
          "additionalProperties": False}, False),
    ],
)  # fmt: skip
def test_strict_mode_is_asked_only_for_what_it_takes(schema: dict[str, Any], strict: bool) -> None:
    assert is_strict(schema) is strict
    sent = body_of(question(schema=schema), Endpoint("openai", "m"))
    assert sent["response_format"]["json_schema"]["strict"] is strict
