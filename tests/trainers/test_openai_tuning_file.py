"""The training file: what a row becomes, and what is wrong by row number."""

from __future__ import annotations

import json
import re
from typing import Any

import pandas as pd
import pytest
from jsonschema import Draft202012Validator

from veritrain_lib.core.errors import UserError
from veritrain_lib.core.project import example_task
from veritrain_lib.core.rows import read_examples
from veritrain_lib.core.task import Task, load_task
from veritrain_lib.trainers import openai_tuning_file as file

CONTRACT = {
    "type": "object",
    "required": ["label", "candidates", "explanation"],
    "additionalProperties": False,
    "properties": {
        "label": {"enum": ["no", "yes"]},
        "candidates": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["label", "score"],
                "properties": {"label": {"type": "string"}, "score": {"type": "number", "maximum": 1}},
            },
        },
        "explanation": {"type": "string", "minLength": 1},
    },
}


def make_task(contract: dict[str, Any] | None = None, **parts: Any) -> Task:
    return Task.model_validate(
        {
            "version": 1,
            "name": "tiny",
            "inputs": {"subject": {}, "text": {}},
            "target": {"field": "label", "labels": ["no", "yes"], "descriptions": {"yes": "they agree"}},
            "contract": CONTRACT if contract is None else contract,
            "metrics": [{"name": "accuracy"}],
            "data": {"seed": "s.csv", "development": "d.csv", "test": "t.csv"},
            **parts,
        }
    )


def make_rows(count: int = 12) -> pd.DataFrame:
    numbers = range(count)
    return pd.DataFrame(
        {
            "id": [str(number) for number in numbers],
            "subject": [f"about {number}" for number in numbers],
            "text": [f"text ü {number}" for number in numbers],
            "label": ["no" if number % 2 else "yes" for number in numbers],
            "source": "human",
            "provenance": "{}",
        }
    )


def test_each_row_is_a_line_whose_answer_keeps_the_contract() -> None:
    rows = make_rows()
    built = file.build(make_task(), rows)
    lines = [json.loads(line) for line in built.content.decode("utf-8").splitlines()]
    assert len(lines) == len(built.examples) == 12
    for line, (_, row) in zip(lines, rows.iterrows(), strict=True):
        answer = json.loads(line["messages"][-1]["content"])
        assert not list(Draft202012Validator(CONTRACT).iter_errors(answer))
        assert answer["label"] == row["label"]
        assert row["text"] in line["messages"][-2]["content"]
        assert [turn["role"] for turn in line["messages"]][-2:] == ["user", "assistant"]
    assert json.loads(lines[0]["messages"][-1]["content"])["explanation"] == "they agree"
    assert "ü" in built.content.decode("utf-8")
    assert built.remarks == ()


@pytest.mark.parametrize(
    ("contract", "expected"),
    [
        ({}, {"label": "yes"}),
        ({"type": "string"}, "yes"),
        ({"properties": {"label": {}}, "required": ["label"]}, {"label": "yes"}),
        (
            {"properties": {"label": {}, "candidates": {"items": {"type": "string"}}}},
            {"label": "yes", "candidates": ["yes"]},
        ),
        (
            {"properties": {"label": {}, "subject": {}}, "required": ["subject"]},
            {"label": "yes", "subject": "about 0"},
        ),
        ({"properties": {"label": {}, "mood": {}}, "required": ["label"]}, {"label": "yes"}),
    ],
)
def test_answers_take_the_form_that_the_contract_wants(contract: dict[str, Any], expected: Any) -> None:
    row = {str(name): str(value) for name, value in make_rows().iloc[0].items()}
    assert json.loads(file.answer_text(make_task(contract), row)) == expected


def test_a_contract_that_rows_can_not_fill_is_refused_by_its_keys() -> None:
    contract = {"properties": {"label": {}, "mood": {}}, "required": ["label", "mood"]}
    with pytest.raises(UserError, match="requires mood"):
        file.build(make_task(contract), make_rows())


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("label", "", "row 4: no answer in label"),
        ("label", "maybe", "row 4: the answer violates the output contract"),
        ("text", "half \ud83d", "row 4: a lone surrogate"),
    ],
)
def test_a_bad_row_is_named_by_its_number(column: str, value: str, said: str) -> None:
    rows = make_rows().astype(object)
    rows.loc[3, column] = value
    with pytest.raises(UserError, match=said):
        file.build(make_task(), rows)


def test_a_row_without_any_input_is_named() -> None:
    rows = make_rows()
    rows.loc[[5, 8], ["subject", "text"]] = " "
    with pytest.raises(UserError, match="row 6: no input; row 9: no input"):
        file.build(make_task(), rows)


def test_fewer_than_ten_rows_are_refused_and_ten_are_not() -> None:
    with pytest.raises(UserError, match="9 rows; the providers train on 10 or more"):
        file.build(make_task(), make_rows(9))
    assert len(file.build(make_task(), make_rows(10)).examples) == 10


def test_copies_and_contradictions_are_remarks_with_row_numbers() -> None:
    rows = make_rows()
    rows.loc[4] = rows.loc[1]
    rows.loc[6, ["subject", "text", "label"]] = [*rows.loc[2, ["subject", "text"]], "no"]
    built = file.build(make_task(), rows)
    assert len(built.examples) == 12
    assert any("duplicates" in remark and "5 (as 2)" in remark for remark in built.remarks)
    assert any("another answer" in remark and "7 (as 3)" in remark for remark in built.remarks)


def line(*turns: tuple[str, Any]) -> str:
    return json.dumps({"messages": [{"role": role, "content": text} for role, text in turns]})


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ("{", "not a chat"),
        ('{"messages": 3}', "not a chat"),
        ('{"prompt": "x"}', "not a chat"),
        (line(("user", "a"), ("bot", "b")), "unknown role.*bot"),
        (line(("user", "a")), "an assistant message at the end"),
        (line(("assistant", "a"), ("user", "b")), "an assistant message at the end"),
        (line(("system", "a"), ("assistant", "b")), "needs a user message"),
        (line(("user", " "), ("assistant", "b")), "without text"),
        (line(("user", None), ("assistant", "b")), "without text"),
    ],
)
def test_lines_that_a_provider_would_refuse_are_named(bad: str, said: str) -> None:
    good = line(("system", "s"), ("user", "a"), ("assistant", "b"))
    (found,) = file.check_lines(f"{good}\n{bad}\n{good}\n".encode())
    assert found.startswith("line 2: ")
    assert re.search(said, found)


def test_a_task_that_writes_text_keeps_its_contract_and_tells_the_terms() -> None:
    task = load_task(example_task("meetings"))
    seed = task.file("seed")
    assert seed is not None
    rows = read_examples(task, seed, "human")
    made = file.build(task, rows.head(12))
    assert len(made.examples) == 12
    for line, wanted in zip(made.content.decode().splitlines(), rows["translation"], strict=False):
        messages = json.loads(line)["messages"]
        answer = json.loads(messages[-1]["content"])
        assert answer["translation"] == wanted
        assert answer["candidates"][0]["translation"] == wanted
        assert "Tsubame Workflow" in messages[0]["content"]
