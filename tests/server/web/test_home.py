"""The home page: what it says of an empty and a filled record, and that what it shows does nothing."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup
from starlette.testclient import TestClient

from tests.stages.in_process import InProcess
from tests.stages.tiny_task import LABELS, write_tiny
from veritrain_lib.core import event_log
from veritrain_lib.core.task import load_task
from veritrain_lib.loop.loop import run_loop
from veritrain_lib.loop.stage_job import run_stage
from veritrain_lib.stages.inputs import sources
from veritrain_lib.tracking import datasets, runs, store

EVIL = "<img src=x onerror=alert(1)>"


def _page(server: TestClient, path: str = "/home") -> BeautifulSoup:
    answer = server.get(path)
    assert answer.status_code == 200, answer.text
    return BeautifulSoup(answer.text, "html.parser")


def _said(page: BeautifulSoup, section: str) -> str:
    found = page.find("section", class_=section)
    assert found is not None
    return " ".join(found.get_text(" ").split())


def test_an_empty_record_says_how_to_begin(server: TestClient) -> None:
    page = _page(server)
    assert "veritrain loop" in _said(page, "welcome")
    assert "Nothing runs" in _said(page, "now")
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


def _with_copies(rows: Any) -> Any:
    """The rows, and copies of two from a pool: of what people wrote the gate would only warn."""
    import pandas as pd

    return pd.concat([rows, rows.iloc[:2].assign(source="pool")], ignore_index=True)


@pytest.fixture
def filled(home: Path) -> Path:
    """A loop of one round over a tiny task, then a draft with rows that the gate takes out."""
    file = write_tiny(home / "task", budget={"rounds": 1, "rows_per_round": 12, "money": 0}, goal=None)
    task = load_task(file)
    run_loop(task, runner=InProcess())
    rows = sources.seed_rows(task)
    made = runs.open_run(task, "rows.csv", kind="upload")
    datasets.save(task, made, _with_copies(rows), status="draft", parent=None)
    runs.end_run(made, "FINISHED")
    run_stage(task, "gate", {"seed": 0}, runner=InProcess())
    return file


def test_a_filled_record_shows_rounds_champion_gate_and_what_is_next(
    filled: Path, server: TestClient
) -> None:
    page = _page(server)
    rounds = page.find("section", class_="rounds")
    assert rounds is not None
    assert rounds.table is not None
    lines = [" ".join(row.get_text(" ").split()) for row in rounds.table.find_all("tr")[1:]]
    assert [line.split()[:2] for line in lines] == [["round", "1"], ["round", "0"]]
    assert re.search(r"(better|inconclusive|not better) 0\.\d{3} 0\.\d{3} to 1?0?\.\d{3}", lines[0]), lines[0]
    assert "Champion v" in _said(page, "rounds")
    gate = _said(page, "gate")
    assert "tiny@" in gate
    assert "2 of 23 rows in quarantine" in gate
    assert "exact duplicate 2" in gate
    assert _said(page, "next") != ""
    for link in page.find_all("a", href=True):
        if str(link["href"]).startswith("/runs/"):
            answer = server.get(str(link["href"]))
            assert answer.status_code == 200, link["href"]


def test_the_next_step_is_the_reports(filled: Path, server: TestClient) -> None:
    from veritrain_lib.stages.record.stored_result import load_result

    task = load_task(filled)
    [newest, *_] = runs.search(task, "tags.`veritrain.stage` = 'report'", limit=1)
    report = load_result("report", newest.info.run_id)
    assert report.next_step in _said(_page(server), "next")  # type: ignore[attr-defined]


def test_what_runs_is_shown_with_stage_and_cell(home: Path, server: TestClient) -> None:
    task = load_task(write_tiny(home / "task"))
    run_id = runs.open_run(task, "round 5", kind="round", parent="x", tags={"veritrain.run.probe": "y"})
    said = {"stage": "train", "cell": 2, "cells": 5, "title": "学習", "seconds": 1.0}
    event_log.append(run_id, "progress", "train: cell 1 of 5", data={**said, "cell": 1})
    event_log.append(run_id, "progress", "train: cell 2 of 5", data=said)
    event_log.append(run_id, "log", "a line for people")
    now = _page(server, "/home/now")
    assert "round 5" in now.get_text()
    assert "cell 2 of 5" in now.get_text()
    assert "学習" in now.get_text()
    steps = {str(item.string): item.get("class") for item in now.find_all("li")}
    assert steps["probe"] == ["done"]
    assert steps["train"] == ["now"]
    assert steps["report"] == ["todo"]
    key = now.div and now.div["data-key"]
    runs.end_run(run_id, "FINISHED")
    later = _page(server, "/home/now")
    assert later.div
    assert later.div["data-key"] != key


def test_a_running_round_whose_process_is_gone_is_not_shown_as_work(home: Path, server: TestClient) -> None:
    task = load_task(write_tiny(home / "task"))
    run_id = runs.open_run(task, "round 1", kind="round")
    host = runs.owner().split("/")[0]
    runs.tag(run_id, {runs.OWNER_TAG: f"{host}/999999/1"})
    assert "process ended" in _page(server, "/home/now").get_text()


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
    page = _page(server)
    said = _said(page, "next")
    assert "2 rows wait for an answer" in said
    assert "An experiment waits to be started" in said
    assert "round 2 failed" in said
    assert "no disk" in said
    assert "my experiment" in _said(page, "now")
    assert "pending" in _said(page, "now")
    assert "my experiment" not in _said(page, "rounds")


def test_text_from_the_record_is_text(home: Path, server: TestClient) -> None:
    task = load_task(write_tiny(home / "task", description=EVIL))
    run_id = runs.open_run(task, EVIL, kind="round", parent="x")
    event_log.append(run_id, "progress", EVIL, data={"stage": EVIL, "cell": 1, "cells": 2, "title": EVIL})
    done = runs.open_run(task, EVIL, kind="round", parent="x", tags={"veritrain.verdict": EVIL})
    runs.end_run(done, "FAILED", EVIL)
    for path in ("/home", "/home/now"):
        page = _page(server, path)
        assert not page.find_all("img")
        assert EVIL in page.get_text()


def test_an_executed_notebook_is_shown_as_an_inert_page(filled: Path, server: TestClient) -> None:
    task = load_task(filled)
    [gate, *_] = runs.search(task, "tags.`veritrain.stage` = 'gate'", limit=1)
    answer = server.get(f"/runs/{gate.info.run_id}/files/gate/data_docs.html")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("sandbox;")
    assert "allow-scripts" not in policy
    assert "default-src 'none'" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    table = server.get(f"/runs/{gate.info.run_id}/files/gate/rules.csv")
    assert table.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize(
    "path",
    [
        "../../secret.txt", "%2e%2e/%2e%2e/secret.txt", "gate/../../../secret.txt", "..%2f..%2fsecret.txt",
        "/etc/passwd", "%2fetc%2fpasswd", "link.txt", "folder", "gate%00.html", "", ".", "a" * 5000, "%ff",
    ],
)  # fmt: skip
def test_no_path_leaves_the_artifacts_of_its_run(home: Path, server: TestClient, path: str) -> None:
    task = load_task(write_tiny(home / "task"))
    run_id = runs.open_run(task, "round 1", kind="round")
    from veritrain_lib.tracking.artifacts import local_folder

    folder = local_folder(runs.get(run_id).info.artifact_uri)
    assert folder is not None
    (folder / "folder").mkdir(parents=True)
    (folder.parent / "secret.txt").write_text("secret", encoding="utf-8")
    (folder.parent.parent / "secret.txt").write_text("secret", encoding="utf-8")
    (folder / "link.txt").symlink_to(folder.parent / "secret.txt")
    (folder / "here.txt").write_text("here", encoding="utf-8")
    assert server.get(f"/runs/{run_id}/files/here.txt").text == "here"
    answer = server.get(f"/runs/{run_id}/files/{path}")
    assert answer.status_code in (400, 404, 405), "400 is the gatekeeper's"
    assert "secret" not in answer.text.replace("secret.txt", "")


@pytest.mark.parametrize("run_id", ["nothing", "..", "%2e%2e", "0" * 32, "%00"])
def test_an_unknown_run_has_no_files(server: TestClient, run_id: str) -> None:
    assert server.get(f"/runs/{run_id}/files/gate/rules.csv").status_code in (400, 404)
