"""A file of pairs becomes a task whose answers are texts, and one that runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.text_task import pairs
from veritrain_lib.core.errors import UserError
from veritrain_lib.core.registry import get
from veritrain_lib.new_task.make import NewTask, make_task
from veritrain_lib.quality.task_suite import suite_of
from veritrain_lib.stages.inputs import sources


def made(folder: Path, given: list[dict[str, str]]) -> NewTask:
    file = folder / "pairs.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in given), encoding="utf-8")
    return make_task(file, into=folder / "task", text=True)


def test_translations_get_a_trainer_that_writes_and_a_suite_that_judges_them(tmp_path: Path) -> None:
    task = made(tmp_path, [{"ja": ja, "en": en} for ja, en, _ in pairs(160, seed=1)]).task
    assert (list(task.inputs), task.target.field, task.labels) == (["ja"], "en", [])
    assert (task.inputs["ja"].language, task.target.language) == ("ja", "en")
    assert (task.gate, task.trainer.name, task.primary.name) == ("translation", "memory", "chrf")
    assert task.teacher.name == "pool"
    assert task.slices.length_bands, "Japanese has no blanks: lengths are cut by its characters"
    assert task.slices.length_bands[-1] < 15
    seed = sources.seed_rows(task)
    model = get("trainers", "memory")().train(task, seed, seed=0).model
    answers = model.answer(sources.development_rows(task))
    assert all(answer.best for answer in answers)


def test_texts_of_one_language_get_a_suite_without_rules_for_translations(tmp_path: Path) -> None:
    given = [
        {"question": f"Where is my parcel number {at * 37}, please?", "answer": f"Parcel {at * 37} is on its way to you."}
        for at in range(1, 90)
    ]  # fmt: skip
    task = made(tmp_path, given).task
    assert (list(task.inputs), task.target.field, task.gate) == (["question"], "answer", "gate.json")
    rules = [rule.meta.check for rule in suite_of(task).rules]
    assert "contract" in rules
    assert "alignment" not in rules


def test_without_the_flag_texts_are_not_taken_for_labels(tmp_path: Path) -> None:
    file = tmp_path / "pairs.jsonl"
    file.write_text("".join(json.dumps({"ja": ja, "en": en}) + "\n" for ja, en, _ in pairs(60, seed=1)))
    with pytest.raises(UserError, match="pass --text"):
        make_task(file, into=tmp_path / "task")
    with pytest.raises(UserError, match="pass --text"):
        make_task(file, into=tmp_path / "task", inputs=("ja",), target="en")
