"""The home page over a record that a loop filled, and the files of its runs. The record is made once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.server.walked import project_in, server_over
from tests.server.web.test_home import page_of, text_of
from tests.stages.in_process import InProcess
from tests.stages.tiny_task import write_tiny
from veritrain_lib.core.task import Task, load_task
from veritrain_lib.loop.loop import run_loop
from veritrain_lib.loop.stage_job import run_stage
from veritrain_lib.stages.inputs import sources
from veritrain_lib.tracking import datasets, runs


def _with_copies(rows: Any) -> Any:
    """The rows, and copies of two from a pool: of what people wrote the gate would only warn."""
    import pandas as pd

    return pd.concat([rows, rows.iloc[:2].assign(source="pool")], ignore_index=True)


@pytest.fixture(scope="module")
def task(empty_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Task]:
    """A loop of one round over a tiny task, then a draft with rows that the gate takes out."""
    with project_in(tmp_path_factory.mktemp("filled"), empty_store) as home:
        file = write_tiny(home / "task", budget={"rounds": 1, "rows_per_round": 12, "money": 0}, goal=None)
        task = load_task(file)
        run_loop(task, runner=InProcess())
        rows = sources.seed_rows(task)
        made = runs.open_run(task, "rows.csv", kind="upload")
        datasets.save(task, made, _with_copies(rows), status="draft", parent=None)
        runs.end_run(made, "FINISHED")
        run_stage(task, "gate", {"seed": 0}, runner=InProcess())
        yield task


@pytest.fixture(scope="module")
def server(task: Task) -> Iterator[TestClient]:
    with server_over() as client:
        yield client


def test_a_filled_record_shows_rounds_champion_gate_and_what_is_next(server: TestClient) -> None:
    page = page_of(server)
    rounds = page.find("section", class_="rounds")
    assert rounds is not None
    assert rounds.table is not None
    lines = [" ".join(row.get_text(" ").split()) for row in rounds.table.find_all("tr")[1:]]
    assert [line.split()[:2] for line in lines] == [["round", "1"], ["round", "0"]]
    assert re.search(r"(better|inconclusive|not better) 0\.\d{3} 0\.\d{3} to 1?0?\.\d{3}", lines[0]), lines[0]
    assert "Champion v" in text_of(page, "rounds")
    gate = text_of(page, "gate")
    assert "tiny@" in gate
    assert "2 of 23 rows in quarantine" in gate
    assert "exact duplicate 2" in gate
    assert text_of(page, "next") != ""
    for link in page.find_all("a", href=True):
        if str(link["href"]).startswith("/runs/"):
            answer = server.get(str(link["href"]))
            assert answer.status_code == 200, link["href"]


def test_the_next_step_is_the_reports(task: Task, server: TestClient) -> None:
    from veritrain_lib.stages.record.stored_result import load_result

    [newest, *_] = runs.search(task, "tags.`veritrain.stage` = 'report'", limit=1)
    report = load_result("report", newest.info.run_id)
    assert report.next_step in text_of(page_of(server), "next")  # type: ignore[attr-defined]


def test_an_executed_notebook_is_shown_as_an_inert_page(task: Task, server: TestClient) -> None:
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
