"""The labelling desk without a browser: rows, answers, undo, skip, and the widgets on top of them."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from tests.small_task import LABELS, write_task
from veritrain_lib.core.errors import UserError
from veritrain_lib.core.task import Task, load_task
from veritrain_lib.stages.generate.annotation import queue_for_annotation
from veritrain_lib.ui.annotator import Annotator
from veritrain_lib.ui.annotator.shortcuts import SHORTCUT_KEYS, SKIP, UNDO, assign_shortcuts, find_labels
from veritrain_lib.ui.annotator.widgets import AnnotatorView, create_view

TEXTS = ["where is my parcel", "hello there", "money back <b>now</b>"]


@pytest.fixture
def task(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Task:
    """The small task, found without a store: the desk itself needs none."""
    found = load_task(write_task(tmp_path / "task"))
    monkeypatch.setattr("veritrain_lib.ui.annotator.annotator.find_task", lambda given: found)
    return found


@pytest.fixture
def desk(task: Task) -> Annotator:
    """A desk with three waiting rows."""
    queue_for_annotation(task, waiting(TEXTS))
    return Annotator()


def waiting(texts: list[str]) -> pd.DataFrame:
    return pd.DataFrame({"id": [f"row{at}" for at in range(len(texts))], "text": texts, "label": ""})


def in_file(task: Task) -> dict[str, str]:
    """What the file says, read by nothing of ours."""
    with (task.path.parent / "labels.csv").open(encoding="utf-8-sig", newline="") as file:
        return {line["id"].removeprefix("row-"): line["label"] for line in csv.DictReader(file)}


def free_text(task: Task) -> Task:
    content = yaml.safe_load(task.path.read_text(encoding="utf-8"))
    content["target"] = {"field": "label"}
    task.path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return load_task(task.path)


def test_rows_come_in_the_order_they_were_handed_out(desk: Annotator) -> None:
    assert desk.current == {"id": "row0", "text": TEXTS[0]}
    desk.answer("delivery")
    assert desk.current == {"id": "row1", "text": TEXTS[1]}


def test_an_answer_is_in_the_file_at_once(desk: Annotator, task: Task) -> None:
    desk.answer("delivery")
    assert in_file(task) == {"row0": "delivery", "row1": "", "row2": ""}


def test_undo_takes_answers_back_one_by_one_and_shows_the_row_again(desk: Annotator, task: Task) -> None:
    desk.answer("delivery")
    desk.answer("refund")
    desk.undo()
    assert desk.current is not None
    assert desk.current["id"] == "row1"
    assert in_file(task) == {"row0": "delivery", "row1": "", "row2": ""}
    desk.undo()
    assert desk.current["id"] == "row0"
    assert set(in_file(task).values()) == {""}


def test_after_an_undo_the_work_goes_on_in_order(desk: Annotator, task: Task) -> None:
    desk.answer("delivery")
    desk.answer("refund")
    desk.undo()
    desk.answer("greeting")
    assert desk.current is not None
    assert desk.current["id"] == "row2"
    assert in_file(task) == {"row0": "delivery", "row1": "greeting", "row2": ""}


def test_undo_with_nothing_to_take_back_says_so(desk: Annotator) -> None:
    with pytest.raises(UserError, match="nothing to undo"):
        desk.undo()


def test_skipped_rows_come_back_at_the_end_in_turn(desk: Annotator) -> None:
    seen = []
    for _ in range(5):
        assert desk.current is not None
        seen.append(desk.current["id"])
        desk.skip()
    assert seen == ["row0", "row1", "row2", "row0", "row1"]


def test_undo_of_a_skip_brings_the_row_back_without_touching_the_file(desk: Annotator, task: Task) -> None:
    desk.skip()
    desk.undo()
    assert desk.current is not None
    assert desk.current["id"] == "row0"
    assert desk.progress().skipped == 0
    assert set(in_file(task).values()) == {""}


def test_progress_counts_answers_of_anybody(desk: Annotator, task: Task) -> None:
    desk.answer("delivery")
    file = task.path.parent / "labels.csv"
    table = pd.read_csv(file, dtype=str, keep_default_na=False)
    table.loc[table["id"] == "row-row1", "label"] = "greeting"
    table.to_csv(file, index=False)
    progress = desk.progress()
    assert (progress.answered, progress.total, progress.waiting) == (2, 3, 1)
    assert desk.current == {"id": "row2", "text": TEXTS[2]}


@pytest.mark.parametrize("wrong", ["parcel", "Refund", "", "   "])
def test_an_answer_that_is_not_allowed_changes_nothing(desk: Annotator, task: Task, wrong: str) -> None:
    with pytest.raises(UserError):
        desk.answer(wrong)
    assert set(in_file(task).values()) == {""}
    assert desk.current is not None
    assert desk.current["id"] == "row0"


def test_nothing_waiting_says_so_before_and_after_the_work(task: Task) -> None:
    empty = Annotator()
    assert empty.current is None
    assert str(empty.progress()) == "No row is waiting for an answer."
    queue_for_annotation(task, waiting(TEXTS[:1]))
    assert empty.current is not None
    empty.answer("delivery")
    assert str(empty.progress()) == "Every row is answered (1)."
    with pytest.raises(UserError, match="no row is waiting"):
        empty.answer("delivery")
    with pytest.raises(UserError, match="no row is waiting"):
        empty.skip()


def test_a_new_desk_goes_on_where_the_old_one_stopped(desk: Annotator) -> None:
    desk.answer("delivery")
    later = Annotator()
    assert later.current is not None
    assert later.current["id"] == "row1"


def test_free_text_answers_are_kept_as_typed(
    desk: Annotator, task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = free_text(task)
    monkeypatch.setattr("veritrain_lib.ui.annotator.annotator.find_task", lambda given: free)
    open_desk = Annotator()
    view = create_view(open_desk)
    view.field.value = 'two lines,\n"quoted" 日本語'
    view.save.click()
    assert in_file(task)["row0"] == 'two lines,\n"quoted" 日本語'
    assert view.field.value == ""
    view.save.click()
    assert "be empty; skip the row instead" in view.notice.value


def test_each_label_has_a_key_that_is_neither_undo_nor_skip() -> None:
    keys = assign_shortcuts([f"label{at}" for at in range(33)])
    assert len(keys) == len(SHORTCUT_KEYS) == 33
    assert not {UNDO, SKIP} & set(keys)
    assert list(assign_shortcuts(LABELS).items()) == [("1", "delivery"), ("2", "greeting"), ("3", "refund")]


def test_too_many_labels_for_keys_are_found_by_part_of_their_name() -> None:
    labels = [*(f"intent_{at}" for at in range(40)), "book_flight", "flight_status", "Überweisung"]
    assert assign_shortcuts(labels) == {}
    assert find_labels(labels, "flight") == ["flight_status", "book_flight"]
    assert find_labels(labels, "Book f") == ["book_flight"]
    assert find_labels(labels, "über") == ["Überweisung"]
    assert find_labels(labels, "") == labels
    assert find_labels(labels, "nothing like it") == []


def view_of(desk: Annotator) -> AnnotatorView:
    return create_view(desk)


def test_a_key_answers_and_the_field_is_ready_for_the_next(desk: Annotator, task: Task) -> None:
    view = view_of(desk)
    view.field.value = "3"
    assert in_file(task)["row0"] == "refund"
    assert view.field.value == ""
    view.field.value = "U"
    assert in_file(task)["row0"] == ""
    view.field.value = "s"
    assert desk.current is not None
    assert desk.current["id"] == "row1"


def test_two_keys_in_one_stroke_answer_nothing(desk: Annotator, task: Task) -> None:
    view = view_of(desk)
    view.field.value = "31"
    assert set(in_file(task).values()) == {""}
    assert "more than one key" in view.notice.value
    view.field.value = "x"
    assert "is not a shortcut key" in view.notice.value


def test_buttons_answer_and_carry_their_key_and_description(desk: Annotator, task: Task) -> None:
    view = view_of(desk)
    button = view.buttons["delivery"]
    assert button.description == "[1] delivery"
    assert button.tooltip == "where is it & when does it come"
    button.click()
    assert in_file(task)["row0"] == "delivery"
    assert view.bar.value == 1
    assert "1 of 3" in view.progress_label.value
    view.undo.click()
    assert view.bar.value == 0
    view.undo.click()
    assert "nothing to undo" in view.notice.value


def test_text_of_a_row_is_shown_escaped(desk: Annotator) -> None:
    view = view_of(desk)
    desk.skip()
    desk.skip()
    view.refresh()
    assert "&lt;b&gt;now&lt;/b&gt;" in view.row.value
    assert "<b>" not in view.row.value


def test_with_many_labels_typing_narrows_the_buttons_and_enter_takes_the_first(
    desk: Annotator, task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = yaml.safe_load(task.path.read_text(encoding="utf-8"))
    content["target"] = {"field": "label", "labels": [f"intent_{at}" for at in range(150)]}
    content["contract"] = {}
    task.path.write_text(yaml.safe_dump(content), encoding="utf-8")
    many = load_task(task.path)
    monkeypatch.setattr("veritrain_lib.ui.annotator.annotator.find_task", lambda given: many)
    view = view_of(Annotator())
    assert len(view.choices.children) == 33
    view.field.value = "t14"
    assert next(button.description for button in view.choices.children) == "intent_14"
    assert len(view.choices.children) == 11
    press_enter(view)
    assert in_file(task)["row0"] == "intent_14"
    assert view.field.value == ""
    view.field.value = "u"
    press_enter(view)
    assert in_file(task)["row0"] == ""
    view.field.value = "no such"
    press_enter(view)
    assert "no label contains" in view.notice.value


def press_enter(view: AnnotatorView) -> None:
    """What a browser sends when Enter is pressed in a text field."""
    view.field._handle_custom_msg({"event": "submit"}, [])


def test_the_desk_shows_itself_as_widgets_with_a_sentence_for_pages(desk: Annotator) -> None:
    data, _ = desk._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data
    assert data["text/html"] == "<p>0 of 3 rows answered; 3 waiting.</p>"
    again: Any = desk._repr_mimebundle_()
    assert again[0] == data


def test_when_all_is_answered_the_last_answer_can_still_be_taken_back(desk: Annotator) -> None:
    view = view_of(desk)
    for key in "121":
        view.field.value = key
    assert "Every row is answered (3)" in view.row.value
    assert view.choices not in view.box.children
    view.field.value = "1"
    assert "no row is waiting" in view.notice.value
    view.field.value = "u"
    assert view.choices in view.box.children
    assert desk.progress().waiting == 1


def test_without_any_row_only_a_sentence_is_shown(task: Task) -> None:
    view = view_of(Annotator())
    assert "No row is waiting for an answer." in view.row.value
    assert view.field not in view.box.children


def test_a_person_may_answer_that_no_label_fits(desk: Annotator, task: Task) -> None:
    view = view_of(desk)
    assert view.none in view.box.children[3].children
    assert view.none.description == "[0] none of these"
    view.none.click()
    view.field.value = "0"
    assert in_file(task) == {"row0": "none of these", "row1": "none of these", "row2": ""}
    view.field.value = "u"
    assert in_file(task)["row1"] == ""
