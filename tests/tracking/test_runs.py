"""Runs say who owns them and how they ended; only the dead are closed for them."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys

import pytest

from veritrain_lib.core import liveness
from veritrain_lib.core.task import Task
from veritrain_lib.tracking import artifacts, runs

OPEN_AND_WAIT = """
import sys, time
from veritrain_lib.core.task import load_task
from veritrain_lib.tracking import runs
print(runs.open_run(load_task(sys.argv[1]), "left open", kind="stage"), flush=True)
time.sleep(300)
"""


def status(run_id: str) -> str:
    return str(runs.get(run_id).info.status)


def test_a_run_names_the_host_process_and_start_of_its_owner(task: Task) -> None:
    who = runs.get(runs.open_run(task, "mine", kind="stage")).data.tags[runs.OWNER_TAG]
    host, process, start = who.split("/")
    assert (host, int(process)) == (socket.gethostname(), os.getpid())
    assert start
    assert who == liveness.process_name(os.getpid())


@pytest.mark.slow
def test_only_a_killed_owner_of_this_host_has_its_run_closed(task: Task) -> None:
    runs.search(task)  # the experiment is there before two processes want to make it
    other = subprocess.Popen(
        [sys.executable, "-c", OPEN_AND_WAIT, str(task.path)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert other.stdout is not None
        left_open = other.stdout.readline().strip()
        mine = runs.open_run(task, "mine", kind="stage")
        elsewhere = runs.open_run(
            task, "elsewhere", kind="stage", tags={runs.OWNER_TAG: f"another-host/{other.pid}/1"}
        )
        reused = runs.open_run(
            task, "reused", kind="stage", tags={runs.OWNER_TAG: f"{socket.gethostname()}/{os.getpid()}/1"}
        )
        assert runs.close_abandoned(task) == [reused], "the other process still lives"
        os.kill(other.pid, signal.SIGKILL)
        other.wait(30)
        assert runs.close_abandoned(task) == [left_open]
    finally:
        other.kill()
        other.wait()
        if other.stdout:
            other.stdout.close()
    assert status(left_open) == "KILLED"
    assert "died" in runs.get(left_open).data.tags["veritrain.reason"]
    assert (status(mine), status(elsewhere), status(reused)) == ("RUNNING", "RUNNING", "KILLED")
    assert runs.close_abandoned(task) == []


def test_a_run_that_its_owner_ended_as_its_last_act_is_not_closed_by_who_read_it_before(task: Task) -> None:
    dead = f"{socket.gethostname()}/4194304/1"
    ended, taken_over, left_open = (
        runs.open_run(task, name, kind="stage", tags={runs.OWNER_TAG: dead}) for name in ("a", "b", "c")
    )
    seen = {run.info.run_id: run for run in runs.search(task, "attributes.status = 'RUNNING'")}
    runs.end_run(ended, "FINISHED")
    runs.resume(taken_over)
    runs.tag(left_open, {runs.STOP_TAG: "now"})
    assert not runs.close_if_abandoned(seen[ended])
    assert not runs.close_if_abandoned(seen[taken_over])
    assert runs.close_if_abandoned(seen[left_open])
    assert [status(run) for run in (ended, taken_over, left_open)] == ["FINISHED", "RUNNING", "KILLED"]
    assert runs.get(left_open).data.tags[runs.REASON_TAG] == "stopped", (
        "also where the request came in between"
    )


@pytest.mark.parametrize("ending", ["FAILED", "KILLED", None])
def test_work_counts_as_done_only_when_its_run_finished(task: Task, ending: runs.FinalStatus | None) -> None:
    run = runs.open_run(task, "work", kind="stage", tags={"veritrain.digest": "abc"})
    runs.write_manifest(run)
    if ending:
        runs.end_run(run, ending, "why")
    assert runs.finished(task, "abc") is None
    runs.resume(run)
    runs.end_run(run, "FINISHED")
    done = runs.finished(task, "abc")
    assert done is not None
    assert done.info.run_id == run
    assert runs.REASON_TAG not in done.data.tags, "what an earlier attempt ended of is no longer true"
    assert runs.finished(task, "abcd") is None
    (artifacts.local_folder(done.info.artifact_uri) / "files.json").unlink()  # type: ignore[operator]
    assert runs.finished(task, "abc") is None, "what it stored is gone"


def test_parameters_metrics_and_tags_come_back_as_they_were_logged(task: Task) -> None:
    run = runs.open_run(task, "numbers", kind="stage", tags={"veritrain.stage": "gate"})
    runs.log(run, parameters={"rows": 15, "name": "a b"}, metrics={"accuracy": 0.25}, step=1)
    runs.log(run, metrics={"accuracy": 0.75}, step=2, dataset=("development", "0123"))
    runs.tag(run, {"veritrain.outcome": "done", "number": "7"})
    runs.note(run, "## said")
    found = runs.get(run).data
    assert found.params == {"rows": "15", "name": "a b"}
    assert found.metrics == {"accuracy": 0.75}
    expected = {"veritrain.stage": "gate", "veritrain.outcome": "done", "number": "7"}
    assert expected.items() <= found.tags.items()
    assert found.tags["mlflow.note.content"] == "## said"


def test_children_are_those_of_the_parent_oldest_first(task: Task) -> None:
    parent = runs.open_run(task, "round", kind="round")
    first, second = (runs.open_run(task, name, kind="stage", parent=parent) for name in ("a", "b"))
    runs.open_run(task, "stranger", kind="stage")
    assert [run.info.run_id for run in runs.children(task, parent)] == [first, second]


def test_search_goes_past_a_page_and_keeps_to_its_limit(task: Task) -> None:
    made = [runs.open_run(task, str(number), kind="stage") for number in range(5)]
    newest_first = [run.info.run_id for run in runs.search(task)]
    assert newest_first == made[::-1]
    assert [run.info.run_id for run in runs.search(task, limit=2)] == newest_first[:2]
