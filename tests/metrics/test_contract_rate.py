from __future__ import annotations

import json

import jsonschema
import pytest

from veritrain_lib.core.errors import UserError
from veritrain_lib.core.records import Response
from veritrain_lib.core.task import Task
from veritrain_lib.metrics.contract_rate import ContractRate

GOOD = {"label": "rain", "candidates": ["rain", "sun"]}


def rate(task: Task, *texts: str) -> list[float]:
    return ContractRate(task).per_row([""] * len(texts), [Response((), raw=text) for text in texts]).tolist()


def test_agrees_with_another_validator(task: Task) -> None:
    answers: list[object] = [GOOD, {"label": "hail", "candidates": [1, 2]}, {"label": "sun"}, [], "rain",
                             {"label": "snow", "candidates": ["snow"]}, {**GOOD, "more": None}]  # fmt: skip
    other = jsonschema.Draft202012Validator(task.contract)
    expected = [float(other.is_valid(answer)) for answer in answers]
    assert rate(task, *map(json.dumps, answers)) == expected
    assert 0 < sum(expected) < len(expected)


@pytest.mark.parametrize(
    "text", ["", "rain", '{"label": "rain", "candidates": ["a", "b"]', "NaN", "[" * 100_000, '"\\ud800"']
)
def test_text_that_is_no_json_is_broken(task: Task, text: str) -> None:
    assert rate(task, text) == [0.0]


def test_numbers_that_json_does_not_know_are_broken(task: Task) -> None:
    assert rate(task, '{"label": "rain", "candidates": [NaN, Infinity]}') == [0.0]


def test_an_error_counts_as_broken_and_stays_in_the_denominator(task: Task) -> None:
    responses = [Response((), raw=json.dumps(GOOD)), Response((), raw=json.dumps(GOOD), error="cut off")]
    assert ContractRate(task).value(["", ""], responses) == 0.5


@pytest.mark.parametrize("contract", [{"type": "nonsense"}, {"$ref": "https://example.com/answer.json"}])
def test_a_contract_that_is_no_schema_or_lies_elsewhere_is_refused(
    task: Task, contract: dict[str, str]
) -> None:
    with pytest.raises(UserError, match="contract"):
        ContractRate(task.model_copy(update={"contract": contract}))


def test_the_signature_tells_contracts_apart(task: Task) -> None:
    other = task.model_copy(update={"contract": {"type": "object"}})
    assert ContractRate(task).signature() != ContractRate(other).signature()
