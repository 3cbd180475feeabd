"""A task file is read, or refused with everything that is wrong in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.small_task import write_task
from veritrain_lib.core import project
from veritrain_lib.core.errors import UserError
from veritrain_lib.core.task import load_task


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write_task(tmp_path)


def _change(file: Path, **changes: Any) -> Path:
    content = yaml.safe_load(file.read_text(encoding="utf-8"))
    for key, value in changes.items():
        place = content
        *way, last = key.split("__")
        for step in way:
            place = place.setdefault(step, {})
        place[last] = value
    file.write_text(yaml.safe_dump(content), encoding="utf-8")
    return file


def _refusal(file: Path) -> str:
    with pytest.raises(UserError) as caught:
        load_task(file)
    return str(caught.value)


def test_the_built_in_example_loads() -> None:
    task = load_task(project.example_task())
    assert task.name == "support"
    assert len(task.labels) == 12


def test_a_folder_stands_for_the_task_file_in_it(file: Path) -> None:
    assert load_task(file.parent) == load_task(file)
    assert load_task(file.parent).path == file.resolve()


def test_what_is_left_out_has_its_default(file: Path) -> None:
    task = load_task(file)
    assert (task.gate, task.seed, task.goal) == ("classification", 0, None)
    assert (task.promotion.max_looks, task.promotion.alpha, task.promotion.spending) == (5, 0.05, "even")
    assert task.file("labels") == file.parent / "labels.csv"


def test_columns_are_inputs_target_and_slices_each_once(file: Path) -> None:
    assert load_task(_change(file, slices__by=["label", "channel"])).columns == ["text", "label", "channel"]


def test_labels_are_sorted(file: Path) -> None:
    assert load_task(_change(file, target__labels=["refund", "delivery", "greeting"])).labels == [
        "delivery",
        "greeting",
        "refund",
    ]


def test_the_first_metric_steers(file: Path) -> None:
    assert load_task(file).primary.name == "accuracy"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"bugdet": {}}, ["bugdet: unknown key", "did you mean 'budget'", "promotion"]),
        (
            {"budget__row_per_round": 3},
            [
                "budget.row_per_round: unknown key",
                "did you mean 'rows_per_round'",
                "money, price_per_label, rounds, rows_per_round",
            ],
        ),
        ({"inputs__text__langauge": "en"}, ["inputs.text.langauge: unknown key", "did you mean 'language'"]),
        (
            {"metrics": [{"name": "accuracy", "direction": "up"}]},
            ["metrics.0.direction: unknown key", "higher_is_better, name, parameters, version"],
        ),
        ({"goal": {"at_lest": 1}}, ["goal.at_lest: unknown key", "goal.at_least: is required"]),
        ({"version": 2}, ["version: Input should be 1"]),
        ({"name": "My Task"}, ["name: String should match pattern", '"My Task"']),
        ({"inputs": {}}, ["inputs: Dictionary should have at least 1 item"]),
        ({"metrics": []}, ["metrics: List should have at least 1 item"]),
        ({"target__labels": ["a", "a", "b"]}, ["labels listed twice: a"]),
        ({"target__labels": ["a"]}, ["a classification needs at least 2 labels"]),
        ({"target__descriptions": {"nope": "x"}}, ["descriptions for labels that are not listed: nope"]),
        ({"target__field": "text"}, ["an answer can't be an input"]),
        ({"target__field": "source"}, ["['source'] are reserved"]),
        ({"slices__length_of": "body"}, ["slices.length_of 'body'"]),
        ({"slices__length_bands": [9, 3]}, ["[9, 3] must rise"]),
        (
            {"teacher__choose": "clever"},
            ["teacher.choose: Input should be 'uncertainty', 'random', 'balanced' or 'class_error'"],
        ),
        ({"promotion__alpha": 0.5}, ["promotion.alpha: Input should be less than 0.5 (given: 0.5)"]),
        ({"budget__rounds": 0}, ["budget.rounds: Input should be greater than or equal to 1"]),
        ({"seed": -1}, ["seed: Input should be greater than or equal to 0"]),
    ],
)
def test_a_mistake_is_told_by_its_place_and_what_is_allowed(
    file: Path, changes: dict[str, Any], told: list[str]
) -> None:
    message = _refusal(_change(file, **changes))
    assert message.startswith("task.yaml has ")
    for part in told:
        assert part in message


def test_every_mistake_is_told_at_once(file: Path) -> None:
    message = _refusal(_change(file, seed=-1, extra=1, budget__rounds=0))
    assert message.startswith("task.yaml has 3 mistake(s):")
    assert message.count("\n- ") == 3


def test_a_slice_column_must_not_take_a_reserved_name(file: Path) -> None:
    assert "reserved" in _refusal(_change(file, slices__by=["id"]))


def test_missing_data_files_are_named(file: Path) -> None:
    (file.parent / "dev.csv").unlink()
    message = _refusal(file)
    assert f"development: {file.parent / 'dev.csv'}" in message
    assert "relative to the task file" in message


def test_the_labels_file_need_not_exist(file: Path) -> None:
    assert not (file.parent / "labels.csv").exists()
    load_task(file)


@pytest.mark.parametrize(
    ("content", "told"),
    [("a: [", "is not valid YAML"), ("- a", "must hold keys and values, not list"), ("", "not NoneType")],
)
def test_a_file_that_is_no_mapping_is_refused(tmp_path: Path, content: str, told: str) -> None:
    (tmp_path / "task.yaml").write_text(content, encoding="utf-8")
    assert told in _refusal(tmp_path)


def test_an_absent_file_says_how_to_get_one(tmp_path: Path) -> None:
    assert "veritrain new-task --from rows.csv" in _refusal(tmp_path / "none.yaml")


def test_a_digest_of_parts_changes_with_those_parts_alone(file: Path) -> None:
    before = load_task(file)
    after = load_task(_change(file, budget__rounds=9))
    assert before.digest() != after.digest()
    assert before.digest("budget") != after.digest("budget")
    assert before.digest("inputs", "target") == after.digest("inputs", "target")


def test_the_data_digest_follows_content_not_names(file: Path) -> None:
    task = load_task(file)
    before = task.data_digest("seed"), task.data_digest("test"), task.data_digest("labels")
    (file.parent / "labels.csv").write_text("id,text,label\n", encoding="utf-8")
    with (file.parent / "seed.csv").open("a", encoding="utf-8") as out:
        out.write("one more,refund\n")
    after = task.data_digest("seed"), task.data_digest("test"), task.data_digest("labels")
    assert [old == new for old, new in zip(before, after, strict=True)] == [False, True, False]
