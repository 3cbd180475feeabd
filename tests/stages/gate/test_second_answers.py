"""A contradicted row leaves the training data until two people agree on its label."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from tests.stages.conftest import Do
from tests.stages.tiny_task import WORDS, write_tiny
from veritrain_lib.core.errors import UserError
from veritrain_lib.core.rows import read_examples
from veritrain_lib.core.task import Task, load_task
from veritrain_lib.stages.gate.second_answers import (
    LaterAnswers,
    contradicted_rows,
    rows_to_ask,
    sentence,
    settle_rows,
)
from veritrain_lib.stages.generate.annotation import read_labels, save_answer
from veritrain_lib.tracking import datasets, runs


def rows_of(labels: dict[str, str]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "id": list(labels),
            "text": "a text",
            "label": list(labels.values()),
            "source": "pool",
            "provenance": "{}",
        }
    )


def test_two_who_agree_decide_and_two_who_differ_need_a_third(task: Task) -> None:
    one, two, three = task.labels[:3]
    rows = rows_of({"confirmed": one, "corrected": one, "differ": one, "nobody": one, "all differ": one})
    others = {"confirmed": [one], "corrected": [two, two], "differ": [two], "all differ": [two, three]}
    settled, table = settle_rows(task, rows, LaterAnswers(lambda ids: others))
    assert dict(zip(settled["id"], settled["label"], strict=True)) == {"confirmed": one, "corrected": two}
    assert json.loads(settled["provenance"][1])["answers"] == [one, two, two]
    assert rows_to_ask(table) == {"differ": 3, "nobody": 2}
    assert sentence(2, table) == (
        "Labels contradicted: 5 row(s), 2 of them accepted earlier; 2 settled by other people's answers "
        "(1 with another label), 3 left out"
    )


def test_a_row_that_another_rule_removed_too_is_not_asked_again() -> None:
    removed = rows_of({"wrong": "a", "copy": "a", "both": "a"}).assign(
        reasons=[
            "label_disagreement:says=b",
            "near_duplicate:x",
            "near_duplicate:x; label_disagreement:says=b",
        ]
    )
    withdrawn = rows_of({"earlier": "a"}).assign(reasons="label_disagreement:says=b")
    assert contradicted_rows(removed, withdrawn)["id"].tolist() == ["wrong", "earlier"]


def label_suite(folder: Path) -> None:
    """Replace the task's suite by one with the label rule alone."""
    file = folder / "suite.json"
    suite = json.loads(file.read_text(encoding="utf-8"))
    rule = suite["expectations"][0]
    rule["kwargs"] |= {"column": "ok_label_disagreement", "mostly": 0.5}
    rule["meta"] |= {"rule": "label_disagreement", "check": "label_disagreement", "needs_label": True}
    file.write_text(json.dumps({**suite, "expectations": [rule]}), encoding="utf-8")


@pytest.fixture
def flipped(home: Path, do: Do) -> tuple[Task, str, str, str]:
    """A gated draft with one wrong label that people gave in the labels file: the task, the row, its labels."""
    folder = home / "task"
    task = load_task(write_tiny(folder, seed_words=12, sizes={"seed": 15}, labelled_pool=False))
    label_suite(folder)
    truth = _truth(task)
    wrong = task.labels[(task.labels.index(truth["label"][0]) + 1) % len(task.labels)]
    rows = truth.assign(label=[wrong, *truth["label"][1:]])
    rows[["id", "text", "label"]].to_csv(folder / "labels.csv", index=False)
    do("gate", task, dataset="seed")
    _save(task, rows, "tiny@1")
    do("gate", task, dataset="tiny@2")
    return task, str(rows["id"][0]), str(truth["label"][0]), wrong


def _truth(task: Task) -> pd.DataFrame:
    """Return the pool's rows with the label whose words they have, which the pool file doesn't tell."""
    file = task.file("pool")
    assert file is not None
    rows = read_examples(task, file, "pool")
    found = [
        max(task.labels, key=lambda label: sum(word in text.split() for word in WORDS[label]))
        for text in rows["text"]
    ]
    return rows.assign(label=found)


def _save(task: Task, rows: pd.DataFrame, parent: str) -> None:
    run = runs.open_run(task, "draft", kind="data")
    datasets.save(task, run, rows, status="draft", parent=parent)
    runs.end_run(run, "FINISHED")


def test_a_contradicted_row_is_asked_again_and_comes_back_with_the_label_that_two_people_gave(
    flipped: tuple[Task, str, str, str], do: Do
) -> None:
    task, row, right, wrong = flipped
    passed = datasets.load(task, "tiny@3")
    assert row not in set(passed.rows["id"])
    waiting = read_labels(task)
    assert waiting.loc[waiting["label"] == "", "id"].tolist() == [f"{row}#2"]
    for number in (2, 3):
        save_answer(task, f"{row}#{number}", right)
        again = do("gate", task, dataset="tiny@2")
        assert f"{row}#3" in set(read_labels(task)["id"])
    settled = again.run().tables["settled"]
    assert settled["label"].tolist() == [right]
    made = datasets.of_run(again.run_id)
    assert made is not None
    back = made.rows.set_index("id").loc[row]
    assert json.loads(str(back["provenance"]))["answers"] == [wrong, right, right]


def test_a_pool_with_second_answers_answers_by_itself(
    home: Path, flipped: tuple[Task, str, str, str], do: Do
) -> None:
    task, row, right, _ = flipped
    pool = pd.read_csv(home / "task" / "pool.csv").assign(second=right, third=right)
    pool.to_csv(home / "task" / "pool.csv", index=False)
    content = task.path.read_text(encoding="utf-8")
    task.path.write_text(
        content.replace("data:\n", "data:\n  second_answers: [second, third]\n"), encoding="utf-8"
    )
    stage = do("gate", load_task(task.path), dataset="tiny@2")
    table = stage.run().tables["second_answers"].set_index("id")
    assert table.loc[row, "label"] == right
    task.path.write_text(content.replace("data:\n", "data:\n  second_answers: [nobody]\n"), encoding="utf-8")
    with pytest.raises(UserError, match=r"lacks the column\(s\) nobody that data.second_answers names"):
        do("gate", load_task(task.path), dataset="tiny@2")


def test_a_row_that_two_people_give_no_label_is_settled_and_leaves(task: Task) -> None:
    one = task.labels[0]
    rows = rows_of({"none": one, "kept": one})
    others = {"none": ["none of these", "none of these"], "kept": [one]}
    settled, table = settle_rows(task, rows, LaterAnswers(lambda ids: others))
    assert settled["id"].tolist() == ["kept"]
    assert rows_to_ask(table) == {}
