"""Live events: what is stored of them, and what is left of them as rows once the run has ended."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from veritrain_lib.tracking import artifacts, event_log, run_events, runs, store
from veritrain_lib.tracking.state import event_table

RUN = "run1"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose events are in a file of its own."""
    monkeypatch.setenv("VERITRAIN_HOME", str(tmp_path))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    monkeypatch.delenv("DATABASE_URL", raising=False)
    return tmp_path


@pytest.fixture
def run_id(home: Path) -> str:
    """A run of the project's record that has three events."""
    made = str(store.client().create_run("0").info.run_id)
    run_events.emit_start(made, "begins")
    event_log.append(made, "progress", "cell 1", data={"cell": 1})
    event_log.append(made, "log", "語")
    return made


def rows(run: str) -> list[int]:
    return [event.seq for event in event_table.select(run)]


def stored(run: str, home: Path) -> list[dict[str, object]]:
    file = artifacts.fetch(run, f"events/{run}.jsonl", home)
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def test_a_long_message_is_cut_and_what_steers_stays(project: Path) -> None:
    event_log.append(RUN, "log", "語" * 20_000, data={"stage": "train", "rows": ["x" * 300] * 99})
    event_log.end(RUN, "y" * 50_000, data={"status": "failed"})
    first, last = event_log.read(RUN)
    assert first.message == "語" * 1500 + " (cut)"
    assert first.data == {"stage": "train"}
    assert last.data == {"status": "failed", "ended": True}
    assert event_log.has_ended(RUN)


def test_what_no_json_or_database_could_hold_is_stored_all_the_same(project: Path) -> None:
    event_log.append(
        RUN, "progress", "\ud800, \x00 and \u2028", data={"loss": float("nan"), "deep": [float("inf")]}
    )
    (event,) = event_log.read(RUN)
    assert event.data == {"loss": None, "deep": [None]}
    assert event.message.endswith("\x00 and \u2028")


def test_only_what_is_new_comes_and_only_as_much_as_is_asked_for(project: Path) -> None:
    for number in range(5):
        event_log.append(RUN, "log", f"line {number}")
    event_log.append("run2", "log", "of another run")
    assert [event.seq for event in event_log.read(RUN, after=2, limit=2)] == [3, 4]
    newer = event_log.read_newer({RUN: 3, "run2": 0, "nothing": 0}, limit=9)
    assert {run: [event.seq for event in events] for run, events in newer.items()} == {
        RUN: [4, 5],
        "run2": [1],
    }
    assert event_log.read_newer({RUN: 5, "run2": 1}, limit=9) == {}
    assert sum(map(len, event_log.read_newer({RUN: 0, "run2": 0}, limit=3).values())) == 3
    assert event_log.read("nothing") == []
    assert (event_log.last_number(RUN), event_log.last_number("nothing")) == (5, 0)


def test_the_end_is_said_once_until_the_run_is_taken_up_again(project: Path) -> None:
    assert not event_log.has_ended(RUN)
    assert event_log.end(RUN, "over")
    event_log.append(RUN, "log", "a late line")
    assert not event_log.end(RUN, "over")
    event_log.append(RUN, "status", "begins again")
    assert not event_log.has_ended(RUN)
    assert event_log.end(RUN, "over")
    assert [event.seq for event in event_log.read(RUN)] == [1, 2, 3, 4]


@pytest.mark.parametrize("write", [event_log.append, lambda run, kind, text: event_log.end(run, text)])
def test_a_database_that_takes_nothing_is_warned_of_once_and_stops_no_work(
    write: Callable[..., object],
    project: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(event_log, "_warned", set())
    (project / ".veritrain" / "events.db").mkdir(parents=True)  # a folder where the file should be
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            write(RUN, "log", "text")
    assert len(caplog.records) == 1
    assert "can't be stored" in caplog.text


def test_the_events_of_an_ended_run_are_its_artifact_and_its_last_status_stays_a_row(
    run_id: str, home: Path
) -> None:
    before = event_log.read(run_id)
    run_events.end_run(run_id, "FINISHED")
    assert rows(run_id) == [4]
    assert [event["seq"] for event in stored(run_id, home)] == [1, 2, 3, 4]
    assert event_log.read(run_id)[:3] == before
    assert [event.seq for event in event_log.read(run_id, after=1, limit=2)] == [2, 3]
    assert [event.seq for event in event_log.read_newer({run_id: 2}, limit=9)[run_id]] == [3, 4]
    assert event_log.has_ended(run_id)


def test_a_run_that_is_taken_up_again_goes_on_with_its_numbers(run_id: str, home: Path) -> None:
    run_events.end_run(run_id, "FAILED", "broken")
    run_events.emit_start(run_id, "begins again")
    event_log.append(run_id, "log", "more")
    assert [event.seq for event in event_log.read(run_id)] == [1, 2, 3, 4, 5, 6]
    run_events.end_run(run_id, "FINISHED")
    assert rows(run_id) == [7]
    assert [event["seq"] for event in stored(run_id, home)] == [1, 2, 3, 4, 5, 6, 7]
    assert [event["message"] for event in stored(run_id, home)][2:4] == ["語", "failed: broken"]


def test_rows_stay_where_the_artifact_can_not_be_stored(run_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(artifacts, "log_file", full)
    run_events.end_run(run_id, "FINISHED")
    assert rows(run_id) == [1, 2, 3, 4]


def test_events_that_only_the_artifact_has_are_found_by_it(run_id: str, home: Path) -> None:
    run_events.end_run(run_id, "FINISHED")
    before = event_log.read(run_id)
    event_table.delete_before(run_id, 5)  # as after a version that kept events in files
    assert event_log.read(run_id) == []
    assert run_events.reconcile(runs.get(run_id))
    assert event_log.read(run_id) == before
    assert rows(run_id) == [4]
