"""The review desk without a browser: rows, decisions, comments, and the widgets on top of them."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tests.stages.tiny_task import write_tiny
from veritrain_lib.core.errors import UserError
from veritrain_lib.stages.record import review
from veritrain_lib.stages.record.progress_reports import STATUS_FILE
from veritrain_lib.stages.record.stage_run import StageRun, prepare
from veritrain_lib.ui.reviewer import Reviewer
from veritrain_lib.ui.reviewer.widgets import ReviewerView, create_view


@pytest.fixture
def stage(home: Path) -> StageRun:
    """A gate of the seed rows that has run and is not closed, as in the notebook's last cells."""
    path = write_tiny(home / "task")
    stood = prepare("gate", {"task": str(path), "dataset": "seed"})
    stood.run()
    return stood


@pytest.fixture
def desk(stage: StageRun) -> Reviewer:
    return Reviewer(stage, rows=4)


def in_file(desk: Reviewer) -> list[tuple[str, str]]:
    with desk.sheet.file.open(encoding="utf-8", newline="") as file:
        return [(line["decision"], line["comment"]) for line in csv.DictReader(file)]


def test_looking_writes_nothing(desk: Reviewer) -> None:
    assert desk.progress().startswith("0 of 4 rows reviewed")
    assert not desk.sheet.file.exists()


def test_a_decision_is_in_the_file_at_once_and_the_next_row_follows(desk: Reviewer) -> None:
    first = desk.current
    desk.accept()
    second = desk.current
    desk.reject(" not a greeting ")
    assert first is not None
    assert second is not None
    assert first["row"] != second["row"]
    assert in_file(desk) == [("accept", ""), ("reject", "not a greeting"), ("", ""), ("", "")]


def test_skip_brings_a_row_back_at_the_end_and_undo_takes_a_decision_back(desk: Reviewer) -> None:
    first = desk.current
    desk.skip()
    for _ in range(3):
        desk.accept()
    assert desk.current == first
    desk.undo()
    assert [decision for decision, _ in in_file(desk)].count("accept") == 2
    desk.undo()
    desk.undo()
    with pytest.raises(UserError, match="nothing to undo"):
        desk.undo()


def test_a_new_desk_goes_on_where_the_old_one_stopped(desk: Reviewer, stage: StageRun) -> None:
    desk.accept()
    later = Reviewer(stage, rows=4)
    assert later.progress().startswith("1 of 4")
    assert later.current == desk.current


def test_at_the_end_it_says_so(desk: Reviewer) -> None:
    for _ in range(4):
        desk.accept()
    assert desk.current is None
    with pytest.raises(UserError, match="every row is decided"):
        desk.accept()


def test_it_needs_a_gate_that_has_run(home: Path) -> None:
    with pytest.raises(UserError, match="needs a gate that has run"):
        Reviewer(prepare("gate", {"task": str(write_tiny(home / "task")), "dataset": "seed"}))


def pressed(view: ReviewerView, *names: str) -> None:
    for name in names:
        getattr(view, name).click()


def test_buttons_decide_and_the_review_is_stored_under_the_name_given(
    desk: Reviewer, stage: StageRun
) -> None:
    view = create_view(desk)
    view.comment.value = "fine"
    pressed(view, "accept")
    assert view.comment.value == ""
    pressed(view, "reject", "undo", "accept", "accept", "save")
    assert "name of its reviewer" in view.notice.value
    view.name.value = "Anna"
    pressed(view, "save")
    assert "Stored. Anna: 100.0% of the accepted rows pass (3 of 3" in view.notice.value
    (stored,) = review.reviews(stage.run_id)
    assert (stored["reviewer"], stored["undecided"]) == ("Anna", 1)
    assert stored["comments"][0]["comment"] == "fine"
    assert view.bar.value == 3


def test_the_text_of_a_row_is_shown_escaped(desk: Reviewer) -> None:
    desk.rows["text"] = "<b>bold</b>"
    view = create_view(desk)
    assert "&lt;b&gt;bold" in view.row.value
    assert "<b>" not in view.row.value


def test_a_notebook_gets_widgets_with_a_sentence_for_pages_and_a_program_only_the_sentence(
    desk: Reviewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, _ = desk._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data
    assert data["text/html"].startswith("<p>0 of 4 rows reviewed")
    monkeypatch.setenv(STATUS_FILE, "somewhere")
    assert set(desk._repr_mimebundle_()) == {"text/plain"}
