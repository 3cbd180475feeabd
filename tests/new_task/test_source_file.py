"""A user's file as it comes: asked about where it is in doubt, told what was taken, refused by row."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.small_task import LABELS, text_of
from veritrain_lib.core.errors import UserError
from veritrain_lib.new_task.make import NewTask, make_task


def rows(each: int = 16) -> list[tuple[str, str]]:
    chance = random.Random(3)
    return [(f"{text_of(label, chance)} {at}", label) for at in range(each) for label in LABELS]


def made(folder: Path, content: str, name: str = "mail.csv", **wanted: Any) -> NewTask:
    (folder / name).write_text(content, encoding="utf-8")
    return make_task(folder / name, into=folder / "task", **wanted)


def csv_of(given: list[tuple[str, ...]], header: str = "text,label\n") -> str:
    return header + "".join(",".join(row) + "\n" for row in given)


def jsonl_of(make: Callable[[int, str, str], dict[str, Any]]) -> str:
    return "".join(json.dumps(make(at, *row)) + "\n" for at, row in enumerate(rows()))


def test_a_file_without_a_header_is_asked_about_and_read_by_either_answer(tmp_path: Path) -> None:
    content = csv_of(rows(), header="")
    with pytest.raises(
        UserError, match=r"is the first row a header\? 'delivery' .* in 15 row.*--header.*--no-header"
    ):
        made(tmp_path, content)
    kept = made(tmp_path, content, header=False)
    assert sum(kept.counts.values()) == 48
    assert (list(kept.task.inputs), kept.task.target.field) == (["column_1"], "column_2")


def test_broken_rows_refuse_the_file_or_are_left_out_and_named(tmp_path: Path) -> None:
    content = csv_of([*rows(), ("half a text",), ("and its end", "refund"), ("a", "b", "c")])
    with pytest.raises(UserError, match=r"3 rows are wrong: row 49 \(line 50\): 1 cell"):
        made(tmp_path, content)
    kept = made(tmp_path, content, skip_broken=True)
    assert sum(kept.counts.values()) == 48
    assert any("3 broken row(s) are left out: row 49" in told for told in kept.guesses)
    assert not any("and its end" in file.read_text() for file in kept.task.path.parent.glob("*.csv"))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("text,label\n" + ",\n" * 30, "30 row(s), and all of them are blank"),
        ("text,label\n", "holds no rows"),
        (csv_of([(text, "refund") for text, _ in rows()]), "'label' holds one label: 'refund', in 48 of 48 rows"),
        (csv_of(rows(4)), "0 usable row(s) of 0 label(s) out of 12; left out: 12 of a label with too few rows; at least 40"),
    ],
)  # fmt: skip
def test_why_a_file_is_too_little_is_said_with_counts(tmp_path: Path, content: str, said: str) -> None:
    with pytest.raises(UserError) as refused:
        made(tmp_path, content, leave_out_rare=True)
    assert said in str(refused.value)


@pytest.mark.parametrize("wrap", [lambda label: [label], lambda label: {"choices": [label]},
                                  lambda label: [{"value": label, "status": "submitted"}]])  # fmt: skip
def test_single_answers_of_annotation_tools_are_taken_out_and_that_is_said(
    tmp_path: Path, wrap: Callable[[str], Any]
) -> None:
    kept = made(
        tmp_path, jsonl_of(lambda at, text, label: {"text": text, "label": wrap(label)}), "mail.jsonl"
    )
    assert kept.task.labels == list(LABELS)
    assert "48 single answers in 'label' were extracted from their lists or objects" in kept.guesses


def test_several_answers_are_refused_by_row(tmp_path: Path) -> None:
    content = jsonl_of(lambda at, text, label: {"text": text, "label": [label, "refund"][: 1 + (at == 4)]})
    with pytest.raises(UserError, match=r"row 5: holds 2 answers \('greeting', 'refund'\)"):
        made(tmp_path, content, "mail.jsonl")


def test_people_who_contradict_each_other_are_told_with_kappa_and_a_way_on(tmp_path: Path) -> None:
    others = {label: LABELS[(at + 1) % 3] for at, label in enumerate(LABELS)}
    both = [(text, label, "1") for text, label in rows()] + [
        (text, others[label], "2") for text, label in rows()
    ]
    content = csv_of(both, "text,label,annotator\n")
    with pytest.raises(UserError, match=r"96 with contradicting answers.*annotators 1, 2 contradict each other in 48 of the 48 "
                       r"texts .*\(kappa -0\.\d+;.*--annotator 1"):  # fmt: skip
        made(tmp_path, content)
    kept = made(tmp_path, content, annotator="1")
    assert sum(kept.counts.values()) == 48
    assert kept.task.slices.by == ["label"]


def test_one_label_in_several_forms_is_merged_and_case_is_asked_about(tmp_path: Path) -> None:
    forms = {
        "delivery": ("caf\u00e9", "cafe\u0301", " caf\u00e9"),
        "greeting": ("A1", "Ａ１"),
        "refund": ("1", "1.0"),
    }
    given = [(text, forms[label][at // 3 % len(forms[label])]) for at, (text, label) in enumerate(rows())]
    kept = made(tmp_path, csv_of(given))
    assert kept.task.labels == ["1", "A1", "caf\u00e9"]
    assert sum("one label in several spellings" in told for told in kept.guesses) == 3
    shouted = csv_of([(text, label.upper() if at % 2 else label) for at, (text, label) in enumerate(rows())])
    (tmp_path / "asked").mkdir()
    with pytest.raises(UserError, match=r"only by case: 'delivery' .* and 'DELIVERY' .*--merge-case"):
        made(tmp_path / "asked", shouted)
    assert len(made(tmp_path / "asked", shouted, merge_case=True).task.labels) == 3


def test_nested_fields_are_told_and_taken_by_their_path(tmp_path: Path) -> None:
    content = jsonl_of(lambda at, text, label: {"data": {"text": text, "lang": "en"}, "label": label})
    with pytest.raises(
        UserError, match=r"column 'data' holds JSON objects \(with text, lang\).*--input data\.text"
    ):
        made(tmp_path, content, "mail.jsonl")
    kept = made(tmp_path, content, "mail.jsonl", inputs=("data.text",))
    assert list(kept.task.inputs) == ["data_text"]
    assert any("not used: the column 'data'" in told for told in kept.guesses)
