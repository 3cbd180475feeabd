"""The task's files as rows, with row numbers in every complaint; test inputs come without their answers."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.stages.tiny_task import read_rows, write_rows, write_tiny
from veritrain_lib.core.digest import of_example
from veritrain_lib.core.errors import UserError
from veritrain_lib.core.task import Task, load_task
from veritrain_lib.stages.inputs import sources


@pytest.fixture
def task(tmp_path: Path) -> Task:
    return load_task(write_tiny(tmp_path))


def test_held_out_rows_come_without_answers_unless_they_are_opened(task: Task) -> None:
    closed, opened = sources.test_inputs(task), sources.unlock_test_set(task)
    assert set(closed["label"]) == {""}
    assert opened["label"].tolist() == [row["label"] for row in read_rows(task.path.parent / "test.csv")]
    assert closed["id"].tolist() == opened["id"].tolist()


@pytest.mark.parametrize("read", [sources.seed_rows, sources.development_rows, sources.unlock_test_set])
def test_a_row_without_its_answer_is_named(task: Task, read: object) -> None:
    name = {"seed_rows": "seed", "development_rows": "dev", "unlock_test_set": "test"}[read.__name__]  # type: ignore[attr-defined]
    rows = [(row["text"], row["label"]) for row in read_rows(task.path.parent / f"{name}.csv")]
    rows[3] = (rows[3][0], "")
    write_rows(task.path.parent / f"{name}.csv", rows)
    with pytest.raises(
        UserError, match=rf"{name}\.csv: 1 row\(s\) without an answer in 'label', the first is row 4"
    ):
        read(task)  # type: ignore[operator]


def test_a_file_without_rows_is_refused(task: Task) -> None:
    (task.path.parent / "dev.csv").write_text("text,label\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"dev\.csv"):
        sources.development_rows(task)


def test_without_a_labels_file_nobody_has_answered(task: Task) -> None:
    assert sources.human_labels(task) == {}
    file = task.path.parent / "labels.csv"
    pool = task.file("pool")
    assert pool is not None
    chosen = of_example({"text": read_rows(pool)[0]["text"]})
    file.write_text(f"id,text,label\nrow-{chosen},x,parcel\nrow-b,y,\nrow-c,z,  \n", encoding="utf-8")
    assert sources.human_labels(task) == {chosen: "parcel"}


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ("1.23E+15,x,parcel\n", "1 answered row.*an id that no row of the pool has: row 1: 1.23E"),
        ("{0},x,parcel\n{0},x,bill\n", r"are there twice with different answers: .* in row 1 \('parcel'\) and row 2"),
        ("{0},x,refund\n", "row 1: 'refund'"),
    ],
)  # fmt: skip
def test_answers_that_would_be_lost_are_refused_by_row(task: Task, rows: str, told: str) -> None:
    pool = task.file("pool")
    assert pool is not None
    chosen = f"row-{of_example({'text': read_rows(pool)[0]['text']})}"
    (task.path.parent / "labels.csv").write_text("id,text,label\n" + rows.format(chosen), encoding="utf-8")
    with pytest.raises(UserError, match=told):
        sources.human_labels(task)


def test_an_id_that_stands_twice_counts_once_and_a_label_may_have_blanks_and_wide_letters(task: Task) -> None:
    pool = task.file("pool")
    assert pool is not None
    chosen = of_example({"text": read_rows(pool)[0]["text"]})
    (task.path.parent / "labels.csv").write_text(
        f"\ufeffid;text;label\nrow-{chosen};x;\nrow-{chosen};x;ｐarcel \n", encoding="utf-8"
    )
    assert sources.human_labels(task) == {chosen: "parcel"}


def test_a_test_row_that_is_also_a_seed_row_is_set_aside_only_while_such_rows_are_few(
    home: Path, tmp_path: Path
) -> None:
    strict = load_task(write_tiny(tmp_path / "strict"))
    seed, test = strict.file("seed"), strict.file("test")
    assert seed is not None
    assert test is not None
    shared = read_rows(seed)[0]
    write_rows(test, [(row["text"], row["label"]) for row in [*read_rows(test), shared]])
    # 1 of 61 is more than one in a thousand: it stays, and gate and evaluation refuse it as a leak.
    assert sources.set_aside(strict) == 0
    assert shared["text"] in set(sources.test_inputs(strict)["text"])
    generous = write_tiny(tmp_path / "generous", promotion={"max_set_aside": 0.02})
    test = load_task(generous).file("test")
    assert test is not None
    write_rows(test, [(row["text"], row["label"]) for row in [*read_rows(test), shared]])
    (generous.parent / "seed.csv").write_bytes(seed.read_bytes())
    allowed = load_task(generous)
    assert sources.set_aside(allowed) == 1
    for rows in (sources.test_inputs(allowed), sources.unlock_test_set(allowed)):
        assert len(rows) == 60
        assert shared["text"] not in set(rows["text"])
