"""The home page: what it says of an empty record and of running work, and that what it shows does nothing."""

from __future__ import annotations

from pathlib import Path

from bs4 import BeautifulSoup
from starlette.testclient import TestClient

from tests.stages.tiny_task import LABELS, write_tiny
from veritrain_lib.core.task import load_task
from veritrain_lib.tracking import event_log, runs, store

EVIL = "<img src=x onerror=alert(1)>"


def page_of(server: TestClient, path: str = "/home") -> BeautifulSoup:
    answer = server.get(path)
    assert answer.status_code == 200, answer.text
    return BeautifulSoup(answer.text, "html.parser")


def text_of(page: BeautifulSoup, section: str) -> str:
    found = page.find("section", class_=section)
    assert found is not None
    return " ".join(found.get_text(" ").split())


def test_an_empty_record_says_how_to_begin(server: TestClient) -> None:
    page = page_of(server)
    assert "veritrain loop" in text_of(page, "welcome")
    assert "Nothing runs" in text_of(page, "now")
    assert page.find("section", class_="rounds") is None


def test_a_page_loads_nothing_and_allows_only_its_own_script(server: TestClient) -> None:
    answer = server.get("/home")
    page = BeautifulSoup(answer.text, "html.parser")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    [script] = page.find_all("script")
    assert f"'nonce-{script['nonce']}'" in policy
    assert server.get("/home").headers["content-security-policy"] != policy
    loaded = [
        tag.get("src") or tag.get("href", "") for tag in page.find_all(["script", "link", "img", "iframe"])
    ]
    assert [address for address in loaded if address and not str(address).startswith("data:")] == []
    assert not page.find_all(style=True)


def test_what_runs_is_shown_with_stage_and_cell(home: Path, server: TestClient) -> None:
    task = load_task(write_tiny(home / "task"))
    run_id = runs.open_run(task, "round 5", kind="round", parent="x", tags={"veritrain.run.probe": "y"})
    said = {"stage": "train", "cell": 2, "cells": 5, "title": "学習", "seconds": 1.0}
    event_log.append(run_id, "progress", "train: cell 1 of 5", data={**said, "cell": 1})
    event_log.append(run_id, "progress", "train: cell 2 of 5", data=said)
    event_log.append(run_id, "log", "a line for people")
    now = page_of(server, "/home/now")
    assert "round 5" in now.get_text()
    assert "cell 2 of 5" in now.get_text()
    assert "学習" in now.get_text()
    steps = {str(item.string): item.get("class") for item in now.find_all("li")}
    assert steps["probe"] == ["done"]
    assert steps["train"] == ["now"]
    assert steps["report"] == ["todo"]
    key = now.div and now.div["data-key"]
    runs.end_run(run_id, "FINISHED")
    later = page_of(server, "/home/now")
    assert later.div
    assert later.div["data-key"] != key


def test_a_cell_of_a_sweep_that_runs_is_shown(home: Path, server: TestClient) -> None:
    task = load_task(write_tiny(home / "task"))
    run_id = runs.open_run(task, "cell 2: choose random, seed 1", kind="cell", parent="x")
    event_log.append(run_id, "progress", "gate: cell 3 of 9", data={"stage": "gate", "cell": 3, "cells": 9})
    shown = page_of(server, "/home/now").get_text()
    assert "choose random, seed 1" in shown
    assert "cell 3 of 9" in shown


def test_a_running_round_whose_process_is_gone_is_not_shown_as_work(home: Path, server: TestClient) -> None:
    task = load_task(write_tiny(home / "task"))
    run_id = runs.open_run(task, "round 1", kind="round")
    host = runs.owner().split("/")[0]
    runs.tag(run_id, {runs.OWNER_TAG: f"{host}/999999/1"})
    assert "process ended" in page_of(server, "/home/now").get_text()


def test_pending_experiments_failures_and_waiting_rows_are_what_is_next(
    home: Path, server: TestClient
) -> None:
    task = load_task(write_tiny(home / "task"))
    from veritrain_lib.stages.inputs.tasks import find_task

    find_task(str(task.path))
    pending = runs.open_run(task, "my experiment", kind="round")
    store.client().update_run(pending, status="SCHEDULED")
    failed = runs.open_run(task, "round 2", kind="round", parent="x")
    runs.end_run(failed, "FAILED", "StageFailed: train failed in cell 3: no disk")
    labels = task.file("labels")
    assert labels is not None
    labels.write_text(f"id,text,label\n1,one,\n2,two,{LABELS[0]}\n3,three,\n", encoding="utf-8")
    page = page_of(server)
    said = text_of(page, "next")
    assert "2 rows wait for an answer" in said
    assert "An experiment waits to be started" in said
    assert "round 2 failed" in said
    assert "no disk" in said
    assert "my experiment" in text_of(page, "now")
    assert "pending" in text_of(page, "now")
    assert "my experiment" not in text_of(page, "rounds")


def test_text_from_the_record_is_text(home: Path, server: TestClient) -> None:
    task = load_task(write_tiny(home / "task", description=EVIL))
    run_id = runs.open_run(task, EVIL, kind="round", parent="x")
    event_log.append(run_id, "progress", EVIL, data={"stage": EVIL, "cell": 1, "cells": 2, "title": EVIL})
    done = runs.open_run(task, EVIL, kind="round", parent="x", tags={"veritrain.verdict": EVIL})
    runs.end_run(done, "FAILED", EVIL)
    for path in ("/home", "/home/now"):
        page = page_of(server, path)
        assert not page.find_all("img")
        assert EVIL in page.get_text()
