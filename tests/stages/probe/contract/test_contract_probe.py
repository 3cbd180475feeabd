"""The output contract's verdict is an independent validator's, on 200 schemas and every answer to them."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from tests.stages.probe.contract import generated, hard, independent
from veritrain_lib.core.records import Response
from veritrain_lib.core.task import Task
from veritrain_lib.metrics.contract_rate import ContractRate

HARD = [*hard.HARD, *hard.MORE]
GENERATED = generated.schemas()


def judged(task: Task, schema: Any, texts: list[str]) -> list[bool]:
    asked = task.model_copy(update={"contract": schema})
    responses = [Response((), raw=text) for text in texts]
    return [bool(kept) for kept in ContractRate(asked).per_row([""] * len(texts), responses)]


def differences(task: Task, schema: Any, texts: list[str]) -> list[str]:
    ours = judged(task, schema, texts)
    other = independent.verdicts(schema, texts)
    return [
        f"{json.dumps(schema, ensure_ascii=False)[:300]} on {text[:120]!r}: contract {mine}, independent {theirs}"
        for text, mine, theirs in zip(texts, ours, other, strict=True)
        if mine != theirs
    ]


def test_there_are_two_hundred_different_schemas() -> None:
    every = [schema for schema, _ in HARD] + [schema for _, schema in GENERATED]
    assert len({json.dumps(schema, sort_keys=True) for schema in every}) >= 200


def test_hand_written_hard_schemas(task: Task) -> None:
    found = [line for schema, texts in HARD for line in differences(task, schema, texts)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("level", range(1, generated.LEVELS + 1))
def test_generated_schemas_of_each_level(task: Task, level: int) -> None:
    found, verdicts = [], []
    for number, (own, schema) in enumerate(GENERATED):
        if own == level:
            texts = generated.texts(random.Random(f"answers/{number}"), schema)
            found += differences(task, schema, texts)
            verdicts += judged(task, schema, texts[:10])
    assert not found, "\n".join(found)
    kept = sum(verdicts) / len(verdicts)
    assert 0.1 < kept < 0.95, (
        f"{kept:.0%} of the answers keep the contract: too one-sided to tell validators apart"
    )


def test_the_whole_text_is_judged_not_a_part_of_it(task: Task) -> None:
    schema = {"type": "object", "required": ["label"]}
    whole = '{"label": "a"}'
    around = [f"Sure: {whole}", f"```json\n{whole}\n```", whole + whole, whole + ".", whole[:-1], "", "null"]
    assert judged(task, schema, [whole, f"\n {whole} "]) == [True, True]
    assert judged(task, schema, around) == [False] * len(around)


def test_of_a_key_given_twice_the_last_counts(task: Task) -> None:
    schema = {"properties": {"a": {"type": "integer"}}}
    assert judged(task, schema, ['{"a": "x", "a": 1}', '{"a": 1, "a": "x"}']) == [True, False]
