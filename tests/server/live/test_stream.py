"""The plain stream: every event in order, from where the client was cut off, until the run has ended."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from tests.server.walked import project_in, server_over
from tests.stages.tiny_task import write_tiny
from veritrain_lib.core.task import Task
from veritrain_lib.server.live import stream
from veritrain_lib.stages.inputs.tasks import find_task
from veritrain_lib.tracking import event_log, run_events, runs


@pytest.fixture(scope="module")
def task(empty_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Task]:
    """A task of a project that the tests of this file share; each has a round of its own."""
    with project_in(tmp_path_factory.mktemp("stream"), empty_store) as home:
        yield find_task(str(write_tiny(home / "task")))


@pytest.fixture(scope="module")
def server(task: Task) -> Iterator[TestClient]:
    with server_over() as client:
        yield client


@pytest.fixture
def run_id(task: Task) -> str:
    """A round that this process works on, with three lines."""
    made = runs.open_run(task, "mine", kind="round")
    run_events.emit_start(made, "begins")
    event_log.append(made, "progress", "train: cell 1 of 3", data={"stage": "train", "cell": 1, "cells": 3})
    event_log.append(made, "log", "train: is done")
    return made


def received(server: TestClient, run_id: str, after: int = 0) -> tuple[list[dict[str, Any]], int]:
    """What comes until the stream is closed, and the code with which it is."""
    found = []
    with server.websocket_connect(
        f"ws://127.0.0.1:8000/api/v1/experiments/{run_id}/stream?after={after}"
    ) as there:
        try:
            while True:
                found.append(there.receive_json())
        except WebSocketDisconnect as closed:
            return found, closed.code


def test_lines_come_in_order_then_new_ones_until_the_end(server: TestClient, run_id: str) -> None:
    def go_on() -> None:
        time.sleep(0.5)
        data = {"step": 4, "epoch": 0.5, "loss": 1.5, "gpu": 80.0, "eta": 9.0}
        event_log.append(run_id, "progress", "step 4", data=data)
        run_events.end_run(run_id, "FINISHED", metrics={"accuracy": 0.9})

    working = threading.Thread(target=go_on)
    working.start()
    found, code = received(server, run_id)
    working.join()
    assert [line["seq"] for line in found] == [1, 2, 3, 4, 5]
    assert [line["type"] for line in found] == [
        f"experiment_{kind}" for kind in ("status", "progress", "log", "progress", "status")
    ]
    assert found[3]["data"] == {
        "step": 4, "epoch": 0.5, "loss": 1.5, "gpu": 80.0, "gpuUtil": 80.0, "eta": 9.0, "stage": None, "steps": None,
    }  # fmt: skip
    assert (found[-1]["status"], found[-1]["ended"], found[-1]["metrics"]) == (
        "completed",
        True,
        {"accuracy": 0.9},
    )
    assert {"seq", "time", "kind", "level", "message", "data", "type", "experimentId"} <= set(found[0])
    assert code == stream.ENDED


def test_a_client_that_says_how_far_it_was_gets_the_rest(server: TestClient, run_id: str) -> None:
    run_events.end_run(run_id, "FAILED", "broken")
    assert [line["seq"] for line in received(server, run_id, after=2)[0]] == [3, 4]
    assert received(server, run_id, after=4) == ([], stream.ENDED)


def test_an_unknown_experiment_is_closed_with_a_code_of_its_own(server: TestClient, run_id: str) -> None:
    assert received(server, "0" * 32) == ([], stream.NOT_FOUND)


def test_a_run_whose_owner_died_says_so_to_who_watches(server: TestClient, run_id: str) -> None:
    runs.tag(run_id, {runs.OWNER_TAG: runs.owner().rsplit("/", 1)[0] + "/1"})  # this number, begun long ago
    found, code = received(server, run_id)
    assert (found[-1]["status"], found[-1]["ended"], code) == ("failed", True, stream.ENDED)
    assert "died" in found[-1]["reason"]
    assert runs.get(run_id).info.status == "KILLED"


def test_a_round_from_before_there_were_events_just_says_how_it_ended(server: TestClient, task: Task) -> None:
    news = event_log.read(event_log.NOTIFICATIONS)
    made = runs.open_run(task, "old", kind="round")
    runs.end_run(made, "FINISHED")
    found, _ = received(server, made)
    assert [(line["seq"], line["status"]) for line in found] == [(1, "completed")]
    assert event_log.read(event_log.NOTIFICATIONS) == news, "that is no news"


def test_a_silent_stream_has_a_heartbeat(
    server: TestClient, run_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "HEARTBEAT_S", 0.05)
    with server.websocket_connect(f"ws://127.0.0.1:8000/api/v1/experiments/{run_id}/stream?after=3") as there:
        assert there.receive_json()["type"] == "heartbeat"
        run_events.end_run(run_id, "FINISHED")
        while not there.receive_json().get("ended"):
            pass
        with pytest.raises(WebSocketDisconnect):
            there.receive_json()
