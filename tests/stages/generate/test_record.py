"""Rows without an answer wait for people; their answers let the same rows go on."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from tests.stages.conftest import Do
from tests.stages.tiny_task import read_rows, write_tiny
from veritrain_lib.core.errors import HumanInputRequired, UserError
from veritrain_lib.core.task import Task, load_task
from veritrain_lib.stages.generate.annotation import (
    label_file,
    queue_for_annotation,
    read_labels,
    save_answer,
)
from veritrain_lib.tracking import datasets, runs


@pytest.fixture
def unlabelled(home: Path) -> Task:
    return load_task(write_tiny(home / "task", labelled_pool=False))


def test_rows_wait_are_handed_out_and_go_on_with_peoples_answers(unlabelled: Task, do: Do) -> None:
    first = do("generate", unlabelled)
    waiting = first.run()
    assert waiting.outcome == "waiting"
    assert runs.get(first.run_id).info.status == "FINISHED"
    assert datasets.latest(unlabelled, "draft") is None
    rows = read_rows(label_file(unlabelled))
    assert [row["id"] for row in rows] == waiting.tables["waiting"]["id"].tolist()
    assert {row["label"] for row in rows} == {""}

    again = do("generate", unlabelled)
    assert (again.stored, again.run_id) == (True, first.run_id), "handing out is no new input"

    for number, row in enumerate(rows):
        save_answer(unlabelled, row["id"], unlabelled.labels[number % 3])
    last = do("generate", unlabelled)
    assert last.run().outcome == "done"
    made = last.run().tables["rows"]
    assert made["id"].tolist() == [row["id"] for row in rows]
    assert made["label"].tolist() == [unlabelled.labels[number % 3] for number in range(len(rows))]
    draft = datasets.latest(unlabelled, "draft")
    assert draft is not None
    assert draft.rows["text"].tolist() == [row["text"] for row in rows]


def test_a_half_filled_file_keeps_waiting_and_keeps_what_people_wrote(unlabelled: Task, do: Do) -> None:
    do("generate", unlabelled)
    rows = read_rows(label_file(unlabelled))
    save_answer(unlabelled, rows[4]["id"], "parcel")
    assert do("generate", unlabelled).run().outcome == "waiting"
    after = read_rows(label_file(unlabelled))
    assert [row["id"] for row in after] == [row["id"] for row in rows]
    assert [row["label"] for row in after] == [""] * 4 + ["parcel"] + [""] * 10


def test_a_gate_that_needs_the_rows_says_that_people_must_act(unlabelled: Task, do: Do) -> None:
    with pytest.raises(HumanInputRequired, match="15 chosen rows wait") as caught:
        do("gate", unlabelled)
    assert caught.value.exit_code == 4


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            "id,text,label\na,x,parcel\nb,y,refund\nc,z,Parcel\n",
            r"2 answer\(s\).*row 2: 'refund'; row 3: 'Parcel'.*Allowed",
        ),
        ("id,text\na,x\n", r"labels.csv lacks the column\(s\) label"),
        ("id,text,label\na,x,parcel,more\n", r"labels.csv row 1 \(line 2\): 4 cells under 3 columns"),
        ('id,text,label\na,"x,parcel\n', r"labels.csv row 1"),
    ],
)  # fmt: skip
def test_mistakes_in_the_labels_file_are_named_by_row(
    unlabelled: Task, do: Do, content: str, said: str
) -> None:
    label_file(unlabelled).write_text(content, encoding="utf-8")
    with pytest.raises(UserError, match=said):
        do("generate", unlabelled)


def test_one_answer_is_checked_and_can_be_taken_back(unlabelled: Task) -> None:
    rows = pd.DataFrame({"id": ["a", "b"], "text": ['quote " and, comma', "line\nbreak"], "label": ["", ""]})
    queue_for_annotation(unlabelled, rows)
    queue_for_annotation(unlabelled, rows)
    assert read_labels(unlabelled)["text"].tolist() == rows["text"].tolist()
    save_answer(unlabelled, "a", "billing")
    save_answer(unlabelled, "a", "")
    assert read_labels(unlabelled)["label"].tolist() == ["", ""]
    with pytest.raises(
        UserError, match=r"'refund' is no answer of task tiny; allowed: billing, greeting, parcel"
    ):
        save_answer(unlabelled, "a", "refund")
    with pytest.raises(UserError, match="row z is not in the labels file"):
        save_answer(unlabelled, "z", "billing")


def test_a_row_once_offered_never_comes_again_even_when_the_gate_turned_it_down(gated: Task, do: Do) -> None:
    task = gated
    first = datasets.load(task, "tiny@2").rows
    second = do("generate", task, dataset="tiny@3", rows=100).run().tables["rows"]
    assert len(first) == 15
    assert len(second) == 45
    assert not set(first["id"]) & set(second["id"])


def test_rows_that_people_give_no_label_are_no_training_rows_and_are_not_asked_again(
    unlabelled: Task, do: Do
) -> None:
    do("generate", unlabelled).run()
    rows = read_rows(label_file(unlabelled))
    for number, row in enumerate(rows):
        save_answer(unlabelled, row["id"], "None of these" if number < 4 else unlabelled.labels[number % 3])
    answered = do("generate", unlabelled)
    result = answered.run()
    assert result.measures["rows_no_label"].value == 4
    assert runs.get(answered.run_id).data.tags["veritrain.no_label"] == "4"
    assert result.tables["rows"]["id"].tolist() == [row["id"] for row in rows[4:]]
    assert result.tables["no_label"]["id"].tolist() == [row["id"] for row in rows[:4]]
    assert "4 chosen rows were answered “none of these”" in result.headline
    do("gate", unlabelled)
    later = do("generate", unlabelled, dataset="tiny@3", rows=100).run()
    assert later.outcome == "waiting"
    assert len(later.tables["waiting"]), "the next batch"
    assert not set(later.tables["waiting"]["id"]) & {row["id"] for row in rows}
