"""Everything that is wrong in a task file is told at once, each thing with its line and what is allowed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.small_task import write_task
from veritrain_lib.core.errors import UserError
from veritrain_lib.core.task import load_task
from veritrain_lib.task_file.reading import read_task_file

TEXT = """\
version: 1
name: small
inputs: {text: {}}
target:
  labels: [delivery, greeting, refund]
contract: {type: object}
metrics: [{name: accuracy}]
data: {seed: seed.csv, development: dev.csv, test: test.csv, pool: pool.csv}
"""


@pytest.fixture
def refusal(tmp_path: Path) -> Callable[..., str]:
    """Writes the task file with a replacement and more lines, and gives what is said of it."""
    file = write_task(tmp_path / "small")

    def refused(old: str = "", new: str = "", more: str = "") -> str:
        assert old in TEXT
        file.write_text(TEXT.replace(old, new, 1) + more, encoding="utf-8")
        with pytest.raises(UserError) as caught:
            load_task(file)
        return str(caught.value)

    return refused


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ("seed: 1\nseed: 2\n", "line 10, seed: the key 'seed' occurs twice, in line 9 and line 10"),
        ("goal: {at_least: .nan}\n", "line 9, goal.at_least: .nan is no finite number"),
        ("budget: {money: .inf}\n", "line 9, budget.money: .inf is no finite number"),
        ("budget:\n  rounds: yes\n", "line 10, budget.rounds: Input should be a valid integer (given: true)"),
        ("seed: 1:30\n", 'line 9, seed: Input should be a valid integer (given: "1:30")'),
        ("seed: 010\n", 'line 9, seed: Input should be a valid integer (given: "010")'),
        ("budget: {rounds: '4'}\n", "Input should be a valid integer"),
        ("seed: " + "9" * 5000 + "\n", "a number of 5000 digits is too large"),
        ("teacher: {parameters: &a {x: *a}}\n", "line 9: the anchor &a holds itself"),
        ("description: " + "x" * 6000 + "\n", "at most 5000 characters"),
        ("glossary: {no: nein}\n", "the key no is read as false; put it in quotes"),
    ],
)
def test_a_value_without_sense_is_told_with_its_line(
    refusal: Callable[..., str], more: str, told: str
) -> None:
    assert told in refusal(more=more)


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        ("[yes, no]", '`no` is read as false, so put it in quotes: "no"'),
        ("[1, 2]", '`1` is read as a number, so put it in quotes: "1"'),
        ("['', a]", "a label is empty"),
        ("['a ', b]", "label 'a ' begins or ends with white space"),
        ("[Refund, refund]", "differ only in case, width, accents' form or white space"),
        ("['ﾃｽﾄ', テスト]", "differ only in case"),
        ('["caf\\u00e9", "cafe\\u0301"]', "differ only in case"),
        ("[a b, 'a  b']", "differ only in case"),
        ("[a]", "needs at least 2 labels"),
    ],
)
def test_labels_that_people_or_yaml_mix_up_are_refused(
    refusal: Callable[..., str], labels: str, told: str
) -> None:
    assert told in refusal("[delivery, greeting, refund]", labels)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("test.csv", "../../outside.csv", "is outside the task's folder"),
        ("test.csv", "link.csv", "is outside the task's folder"),
        ("test.csv", "/etc/hostname", "is outside the task's folder"),
        ("test.csv", "a" * 300, "a name of 300 bytes is too long for a file"),
        ("test.csv", '"a\\0.csv"', "control character"),
        ("test.csv", "loop.csv", "symbolic link to itself"),
        ("test.csv", "''", "an empty text is not a file name"),
        ("test.csv", "gone.csv", "gone.csv is missing"),
        ("test.csv", ".", "is not a regular file"),
        ("pool.csv}", "pool.csv, labels: ../../mine.csv}", "is outside the task's folder"),
        ("pool.csv}", "pool.csv, labels: link.csv}", "is outside the task's folder"),
        ("pool.csv}", "pool.csv, labels: test.csv}", "is written by the loop"),
        ("pool.csv}", "pool.csv, labels: task.yaml}", "must end in .csv"),
    ],
)
def test_files_are_the_tasks_own(
    refusal: Callable[..., str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    old: str,
    new: str,
    told: str,
) -> None:
    project = tmp_path / "project"
    project.mkdir()
    monkeypatch.setenv("VERITRAIN_HOME", str(project))
    (tmp_path / "outside.csv").write_text("text,label\n", encoding="utf-8")
    (tmp_path / "small" / "link.csv").symlink_to(tmp_path / "outside.csv")
    (tmp_path / "small" / "loop.csv").symlink_to("loop.csv")
    assert told in refusal(old, new)


def test_a_file_of_the_project_may_be_shared_by_tasks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VERITRAIN_HOME", str(tmp_path))
    file = write_task(tmp_path / "small")
    (tmp_path / "small" / "test.csv").rename(tmp_path / "shared.csv")
    file.write_text(TEXT.replace("test.csv", "../shared.csv"), encoding="utf-8")
    assert load_task(file).file("test") == tmp_path / "shared.csv"


def test_a_date_is_a_text(tmp_path: Path) -> None:
    file = write_task(tmp_path)
    file.write_text(TEXT + "description: 2020-13-45\n", encoding="utf-8")
    assert load_task(file).description == "2020-13-45"


def test_mistakes_of_every_kind_come_together_and_in_order(tmp_path: Path) -> None:
    file = write_task(tmp_path)
    text = TEXT.replace("dev.csv", "gone.csv") + "seed: -1\nseed: 2\nbugdet: {}\npromotion: {alpha: 2}\n"
    file.write_text(text, encoding="utf-8")
    reading = read_task_file(file)
    assert reading.task is not None
    assert sorted(one.where for one in reading.mistakes) == [
        "bugdet",
        "data.development",
        "promotion.alpha",
        "seed",
    ]
    told = reading.document.format_mistakes(reading.mistakes)
    assert "    11 | bugdet: {}" in told


@pytest.mark.parametrize("name", ["a" * 300, "a\0b", "~nobody_of_this_name/x", ""])
def test_a_name_that_can_be_no_file_is_told_as_one_that_is_not_there(name: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no task file at"):
        load_task(str(tmp_path / name) if name != "~nobody_of_this_name/x" else name)
