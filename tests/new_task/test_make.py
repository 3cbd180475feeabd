"""From a file to a task that loads."""

from __future__ import annotations

import csv
import json
import random
from pathlib import Path

import pytest

from tests.small_task import LABELS, text_of
from veritrain_lib.core.errors import UserError
from veritrain_lib.core.rows import read_examples
from veritrain_lib.models.base import Scorer
from veritrain_lib.new_task.make import make_task
from veritrain_lib.trainers.tfidf_svc import TfidfSvc

CLINC = Path(__file__).resolve().parents[3] / "shared" / "data" / "clinc150"


def write_rows(file: Path, each: int, *, text: str = "text", label: str = "label") -> Path:
    chance = random.Random(5)
    rows = [{text: f"{text_of(name, chance)} {at}", label: name} for at in range(each) for name in LABELS]
    with file.open("w", encoding="utf-8", newline="") as out:
        if file.suffix == ".jsonl":
            out.writelines(json.dumps(row) + "\n" for row in rows)
        else:
            writer = csv.DictWriter(out, [text, label])
            writer.writeheader()
            writer.writerows(rows)
    return file


@pytest.mark.parametrize("name", ["mail.csv", "mail.jsonl"])
def test_the_task_loads_and_its_seed_rows_train_a_student(tmp_path: Path, name: str) -> None:
    made = make_task(write_rows(tmp_path / name, 40), into=tmp_path / "task")
    task = made.task
    assert task.path == tmp_path / "task" / "task.yaml"
    assert (task.name, list(task.inputs), task.labels) == ("mail", ["text"], list(LABELS))
    assert task.inputs["text"].language == "en"
    assert sum(made.counts.values()) == 120
    file = task.file("seed")
    assert file is not None
    fitted = TfidfSvc().train(task, read_examples(task, file, "human"), seed=0).model
    assert isinstance(fitted, Scorer)


def test_the_same_file_gives_the_same_folder_byte_by_byte(tmp_path: Path) -> None:
    source = write_rows(tmp_path / "mail.csv", 15)
    one, two = (make_task(source, into=tmp_path / place).task.path.parent for place in ("one", "two"))
    files = sorted(file.name for file in one.iterdir())
    assert files == sorted(file.name for file in two.iterdir())
    assert all((one / name).read_bytes() == (two / name).read_bytes() for name in files)


def test_without_a_pool_rows_are_varied_instead(tmp_path: Path) -> None:
    task = make_task(write_rows(tmp_path / "mail.csv", 14), into=tmp_path / "task").task
    assert (task.data.pool, task.teacher.name) == (None, "augment")


def test_a_pool_lasts_for_the_rounds(tmp_path: Path) -> None:
    made = make_task(write_rows(tmp_path / "mail.csv", 60), into=tmp_path / "task")
    assert made.task.teacher.name == "pool"
    assert made.task.budget.rows_per_round == made.counts["pool"] // made.task.budget.rounds
    assert made.task.promotion.max_looks == made.task.budget.rounds + 1


def test_nothing_is_overwritten_and_nothing_is_left_behind(tmp_path: Path) -> None:
    source = write_rows(tmp_path / "mail.csv", 14)
    (tmp_path / "task").mkdir()
    (tmp_path / "task" / "mine.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(UserError, match="already exists and nothing is overwritten"):
        make_task(source, into=tmp_path / "task")
    assert [file.name for file in (tmp_path / "task").iterdir()] == ["mine.txt"]
    with pytest.raises(UserError, match="usable"):
        make_task(write_rows(tmp_path / "few.csv", 5), into=tmp_path / "other")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["few.csv", "mail.csv", "task"]


def test_an_empty_folder_is_filled(tmp_path: Path) -> None:
    (tmp_path / "task").mkdir()
    assert make_task(write_rows(tmp_path / "mail.csv", 14), into=tmp_path / "task").task.name == "mail"


def test_a_column_with_a_reserved_name_gets_another(tmp_path: Path) -> None:
    made = make_task(
        write_rows(tmp_path / "mail.csv", 14, text="source"), into=tmp_path / "task", inputs=("source",)
    )
    assert list(made.task.inputs) == ["source_given"]
    assert any("'source' is called 'source_given'" in told for told in made.guesses)


@pytest.mark.parametrize(
    ("file", "name", "told"),
    [
        ("none.csv", "", "there is no file"),
        ("mail.csv", "Mail 2", "'Mail 2' is not a valid task name"),
        ("mail.csv", "support", "name of a built-in example"),
        ("mail.csv", "meetings", "name of a built-in example"),
    ],
)
def test_what_cant_be_done_is_refused(tmp_path: Path, file: str, name: str, told: str) -> None:
    write_rows(tmp_path / "mail.csv", 14)
    with pytest.raises(UserError, match=told):
        make_task(tmp_path / file, name=name, into=tmp_path / "task")


def test_several_labels_joined_in_one_cell_are_refused_by_row(tmp_path: Path) -> None:
    file = write_rows(tmp_path / "doccano.csv", 40)
    with file.open("a", encoding="utf-8") as out:
        out.write(f"both of them,{LABELS[0]}#{LABELS[1]}\n")
    with pytest.raises(UserError, match=f"doccano.csv row {40 * len(LABELS) + 1}.*holds 2 answers") as raised:
        make_task(file, into=tmp_path / "task")
    assert "Column 'label' needs one answer per row" in str(raised.value)


def test_a_file_with_a_header_alone_holds_no_rows(tmp_path: Path) -> None:
    (tmp_path / "mail.csv").write_text("text,label\n", encoding="utf-8")
    with pytest.raises(UserError, match="holds no rows"):
        make_task(tmp_path / "mail.csv", into=tmp_path / "task")


def test_the_name_comes_from_the_file_where_it_can(tmp_path: Path) -> None:
    assert (
        make_task(write_rows(tmp_path / "2024 Kunden-Mail.v2.csv", 14), into=tmp_path / "a").task.name
        == "kunden-mail-v"
    )


@pytest.mark.skipif(not CLINC.is_dir(), reason=f"no CLINC150 at {CLINC}")
def test_a_hundred_and_fifty_labels_of_another_source(tmp_path: Path) -> None:
    made = make_task(CLINC / "seed.csv", name="clinc", into=tmp_path / "clinc")
    assert len(made.task.labels) == 150
    assert {"yes", "no"} <= set(made.task.labels)
    assert sum(made.counts.values()) + sum(made.left_out.values()) == 1500
