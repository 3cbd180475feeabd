"""Live lines: numbered without gaps whoever writes, whole after a kill, and never in the work's way."""

from __future__ import annotations

import logging
import multiprocessing
from collections.abc import Callable
from pathlib import Path

import pytest

from veritrain_lib.core import event_log

RUN = "run1"


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VERITRAIN_HOME", str(tmp_path))
    return tmp_path


def write_many(name: str, count: int) -> None:
    for number in range(count):
        event_log.append(RUN, "log", f"{name} {number}")


def test_several_processes_write_without_gaps_and_in_order() -> None:
    forked = multiprocessing.get_context("spawn")
    writers = [forked.Process(target=write_many, args=(name, 150)) for name in "abc"]
    for writer in writers:
        writer.start()
    reader, seen = event_log.EventReader(RUN), []
    while any(writer.is_alive() for writer in writers):
        seen += list(reader.new())
    for writer in writers:
        writer.join()
        assert writer.exitcode == 0
    seen += list(reader.new())
    assert [line.seq for line in seen] == list(range(1, 451))
    assert [line.time for line in seen] == sorted(line.time for line in seen)
    for name in "abc":
        own = [line.message for line in seen if line.message[0] == name]
        assert own == [f"{name} {number}" for number in range(150)], "each writer's lines stay in its order"


def test_half_a_line_that_a_killed_writer_left_is_not_read_and_is_written_over() -> None:
    write_many("a", 2)
    with event_log.log_path(RUN).open("ab") as out:
        out.write(b'{"seq": 3, "time": "now", "kin')
    assert [line.seq for line in event_log.read(RUN)] == [1, 2]
    event_log.append(RUN, "log", "after")
    assert [(line.seq, line.message) for line in event_log.read(RUN)][2:] == [(3, "after")]


def test_a_long_message_is_cut_and_what_steers_stays() -> None:
    event_log.append(RUN, "log", "語" * 20_000, data={"stage": "train", "rows": ["x" * 300] * 99})
    event_log.end(RUN, "y" * 50_000, data={"status": "failed"})
    first, last = event_log.read(RUN)
    assert first.message.endswith("(cut)")
    assert first.data == {"stage": "train"}
    assert last.data == {"status": "failed", "ended": True}
    assert (
        max(len(line) for line in event_log.log_path(RUN).read_bytes().splitlines())
        < event_log.MAX_LINE_BYTES
    )
    assert event_log.has_ended(RUN)


def test_a_line_that_no_json_could_hold_is_written_all_the_same() -> None:
    event_log.append(
        RUN, "progress", "\ud800 and \u2028", data={"loss": float("nan"), "deep": [float("inf")]}
    )
    (found,) = event_log.read(RUN)
    assert found.data == {"loss": None, "deep": [None]}
    assert found.message.endswith("and \u2028")


def test_only_what_is_new_comes_and_only_as_much_as_is_asked_for() -> None:
    write_many("a", 5)
    assert [line.seq for line in event_log.read(RUN, after=2, limit=2)] == [3, 4]
    reader = event_log.EventReader(RUN, after=4)
    assert [line.seq for line in reader.new()] == [5]
    assert list(reader.new()) == []
    write_many("b", 1)
    assert [line.seq for line in reader.new()] == [6]
    assert event_log.read("nothing") == []
    assert (event_log.last_number(RUN), event_log.last_number("nothing")) == (6, 0)


def test_a_history_longer_than_a_reader_takes_at_once_is_read_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    write_many("a", 40)
    monkeypatch.setattr(event_log, "CHUNK_BYTES", 1_000)
    assert [line.seq for line in event_log.read(RUN)] == list(range(1, 41))


def test_the_end_is_said_once_until_the_run_is_taken_up_again() -> None:
    assert not event_log.has_ended(RUN)
    assert event_log.end(RUN, "over") is not None
    event_log.append(RUN, "log", "a late line")
    assert event_log.end(RUN, "over") is None
    event_log.append(RUN, "status", "begins again")
    assert not event_log.has_ended(RUN)
    assert event_log.end(RUN, "over") is not None
    assert [line.seq for line in event_log.read(RUN)] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    "write", [event_log.append_or_warn, lambda run, kind, text: event_log.end(run, text)]
)
def test_a_disk_that_takes_nothing_is_warned_of_once_and_stops_no_work(
    write: Callable[..., object],
    project: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(event_log, "_warned", set())
    (project / ".veritrain").mkdir(exist_ok=True)
    (project / ".veritrain" / "events").write_text("a file where the folder should be")
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            write(RUN, "log", "text")
    assert len(caplog.records) == 1
    assert "can't be written" in caplog.text


@pytest.mark.parametrize("name", ["../x", "", "a/b", "a.b", "x" * 65])
def test_what_is_no_run_id_names_no_file(name: str) -> None:
    with pytest.raises(ValueError, match="not a run id"):
        event_log.log_path(name)
