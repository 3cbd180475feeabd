"""A task that can't be worked on is refused before anything is measured, with every reason and its line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.small_task import write_task
from tests.text_task import write_text_task
from veritrain_lib.core import project
from veritrain_lib.core.errors import UserError
from veritrain_lib.task_check.check import check_task, load_checked
from veritrain_lib.task_check.contract import contradictions


def _changed(file: Path, **changes: Any) -> Path:
    content = yaml.safe_load(file.read_text(encoding="utf-8"))
    for key, value in changes.items():
        place = content
        *way, last = key.split("__")
        for step in way:
            place = place.setdefault(step, {})
        place[last] = value
        if value is None:
            del place[last]
    file.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    return file


@pytest.mark.parametrize("name", project.EXAMPLES)
def test_the_built_in_examples_can_be_worked_on(name: str) -> None:
    assert check_task(project.example_task(name)).message == ""


def test_a_good_task_is_given_back(tmp_path: Path) -> None:
    assert load_checked(write_task(tmp_path / "labels")).labels
    assert not load_checked(write_text_task(tmp_path / "text")).labels


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"trainer__name": "tfidf"}, ["trainer.name: no trainer named 'tfidf'. Did you mean 'tfidf_svc'?"]),
        ({"trainer__parameters": {"C": -1}}, ["trainer.parameters: C must be"]),
        ({"trainer__parameters": {"c": 1}}, ["trainer.parameters: "]),
        ({"trainer__name": "memory"}, ["trainer.name: trainer memory writes text", "Trainers of labels"]),
        ({"teacher__name": "pol"}, ["teacher.name: no teacher named 'pol'. Did you mean 'pool'?"]),
        ({"teacher": {"name": "llm"}}, ["teacher.parameters: teacher llm: model is ''"]),
        (
            {"teacher": {"name": "llm", "parameters": {"model": "gpt:/x"}}},
            ["teacher llm: model is 'gpt:/x'; set teacher.parameters.model to openai:/MODEL"],
        ),
        ({"data__pool": None}, ["teacher.name: teacher pool chooses rows from data.pool"]),
        ({"metrics": [{"name": "acuracy"}]}, ["metrics.0.name: no metric named 'acuracy'"]),
        ({"metrics": [{"name": "accuracy", "version": 2}]}, ["metrics.0: metric accuracy has version 1"]),
        (
            {"metrics": [{"name": "accuracy", "higher_is_better": False}]},
            ["metric accuracy has higher_is_better True, the task states False"],
        ),
        (
            {"metrics": [{"name": "accuracy", "parameters": {"x": 1}}]},
            ["accuracy can't be made with parameters"],
        ),
        ({"goal": {"at_least": 95}}, ["goal.at_least: metric accuracy runs from 0 to 1; 95 is out"]),
        ({"gate": "clasification"}, ["gate: no gate suite clasification"]),
        (
            {"gate": "translation"},
            ["gate: suite translation, rule alignment", "answers of this task are labels"],
        ),
        (
            {"budget__rows_per_round": 9},
            ["budget.rows_per_round: suite classification blocks a dataset of less than 10 rows"],
        ),
        ({"inputs__text__language": "xx"}, ["inputs.text.language: 'xx' is not a language"]),
        (
            {"judge": {"model": "azur:/x", "rubric": "Be good."}},
            ["judge.model: 'azur' is not a kind of model that can judge; known: openai:/, azure:/"],
        ),
        ({"data__seed": "a" * 300}, ["data.seed: a name of 300 bytes is too long"]),
        ({"data__seed": "."}, ["data.seed: ", "is not a regular file"]),
        ({"slices__by": ["label", "channel"]}, ["slices.by.1: slices.by names 'channel'"]),
        ({"inputs": {"text": {}, "title": {}}}, ["data.seed: seed.csv lacks the column(s) title"]),
        (
            {"contract__properties__label__enum": ["delivery"]},
            ["contract.properties.label: 2 of 3 labels do not satisfy the contract: 'greeting', 'refund'"],
        ),
        ({"contract__properties__label": {"type": "integer"}}, ["3 of 3 labels do not satisfy the contract"]),
        (
            {"contract__properties__label": {"type": "objekt"}},
            ["contract: the contract is not a valid JSON Schema"],
        ),
        (
            {"contract__properties__label": {"$ref": "http://127.0.0.1/x"}},
            ["contract: the contract is not a valid JSON Schema"],
        ),
        (
            {"contract": {"minProperties": 3, "maxProperties": 2}},
            ["minProperties 3 is above maxProperties 2"],
        ),
    ],
)
def test_a_classification_that_can_not_go_on_says_why(
    tmp_path: Path, changes: dict[str, Any], told: list[str]
) -> None:
    message = check_task(_changed(write_task(tmp_path), **changes)).message
    for part in told:
        assert part in message
    assert "- line " in message


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {"trainer": {}},
            ["trainer tfidf_svc", "takes every different answer for a class", "lora, memory, openai"],
        ),
        ({"trainer": None}, ["tfidf_svc (taken where the file names none) takes every different answer"]),
        ({"gate": None}, ["gate: suite classification, rule label_disagreement: it compares labels"]),
        (
            {"target__language": None},
            ["metrics.1: metric bleu cuts answers into words", "rule alignment: alignment compares"],
        ),
        ({"contract": {"properties": {"en": {"type": "integer"}}}}, ["the answers of this task are text"]),
        (
            {"contract": {"properties": {"en": {"minLength": 3, "maxLength": 2}}}},
            ["contract.properties.en: no answer can satisfy this: minLength 3 is above maxLength 2"],
        ),
        ({"goal": {"at_least": 101}}, ["metric chrf runs from 0 to 100; 101 is out of that range"]),
        ({"target__direction": "way"}, ["target.direction: 'way' is not a column of the"]),
    ],
)
def test_a_task_of_free_text_that_can_not_go_on_says_why(
    tmp_path: Path, changes: dict[str, Any], told: list[str]
) -> None:
    message = check_task(_changed(write_text_task(tmp_path), **changes)).message
    for part in told:
        assert part in message


def test_everything_is_told_at_once_the_files_own_mistakes_too(tmp_path: Path) -> None:
    changes = {"seed": -1, "trainer__name": "none", "gate": "none", "goal": {"at_least": 3}, "bugdet": 1}
    checked = check_task(_changed(write_task(tmp_path), **changes))
    assert sorted(one.where for one in checked.mistakes) == [
        "bugdet",
        "gate",
        "goal.at_least",
        "seed",
        "trainer.name",
    ]
    with pytest.raises(UserError, match="has 5 mistake"):
        load_checked(tmp_path)


def test_rows_are_read_as_the_stages_read_them(tmp_path: Path) -> None:
    file = write_task(tmp_path)
    (tmp_path / "dev.csv").write_text("text,label\nwhere is it,delivry\n", encoding="utf-8")
    (tmp_path / "test.csv").write_text("text,label\n", encoding="utf-8")
    with (tmp_path / "pool.csv").open("a", encoding="utf-8") as pool:
        pool.write("one more,moneyback\n")
    message = check_task(file).message
    assert "data.development: dev.csv: 1 label(s) that the task does not list: row 1: 'delivry'" in message
    assert "data.test: test.csv holds no rows" in message
    assert "data.pool: pool.csv: 1 label(s) that the task does not list: row 76: 'moneyback'" in message


def test_rules_of_a_tasks_own_are_known_but_not_run(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(
        "open('ran', 'w')\ndef polite(rows, context):\n    return rows\n", encoding="utf-8"
    )
    suite = json.loads((project.gates() / "classification.json").read_text(encoding="utf-8"))
    for number, name in enumerate(("polite", "rude")):
        suite["expectations"][number]["meta"] |= {"rule": name, "check": name}
    (tmp_path / "own.json").write_text(json.dumps(suite), encoding="utf-8")
    message = check_task(_changed(write_task(tmp_path), gate="own.json", gate_rules=["mine.py"])).message
    assert "rule rude: no check named 'rude'" in message
    assert "polite" not in message.split("rule rude")[0]
    assert not Path("ran").exists()
    (tmp_path / "mine.py").write_text("def polite(rows:\n", encoding="utf-8")
    assert "gate_rules.0: mine.py, line 1 is not valid Python" in check_task(tmp_path).message


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({"minLength": 2, "maxLength": 1}, "minLength 2 is above maxLength 1"),
        ({"properties": {"x": {"minimum": 2, "maximum": 1}}}, "minimum 2 is above maximum 1"),
        ({"items": {"enum": []}}, "enum is empty"),
        ({"anyOf": [{"type": "integer", "enum": ["a"]}]}, "none of the allowed values is ('a')"),
        ({"type": "boolean", "const": 1}, "none of the allowed values is (1)"),
        ({"required": ["a"], "additionalProperties": False}, "a is required"),
        ({"required": ["a"], "properties": {"a": False}}, "a is required and forbidden"),
    ],
)
def test_a_schema_that_contradicts_itself_is_found(schema: dict[str, Any], said: str) -> None:
    assert any(said in text for _, text in contradictions(schema))


@pytest.mark.parametrize(
    "schema",
    [
        {"minLength": 1, "maxLength": 1, "type": ["string", "null"], "enum": ["a", None]},
        {"enum": [{"minLength": 2, "maxLength": 1}]},
        {"type": "integer", "const": 1.0},
        {"required": ["a"], "properties": {"a": {}}, "additionalProperties": False},
    ],
)
def test_a_schema_that_can_be_kept_is_left_alone(schema: dict[str, Any]) -> None:
    assert not list(contradictions(schema))
