"""The MLflow UI alone tells the story: a person opens it on the project's store and compares three rounds."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.stages.in_process import InProcess
from tests.stages.tiny_task import write_tiny
from veritrain_lib.core.task import load_task
from veritrain_lib.loop.loop import LoopResult, run_loop
from veritrain_lib.tracking import runs, store

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
]


@pytest.fixture
def looped(home: Path, tmp_path: Path) -> LoopResult:
    """A loop of three rounds over a tiny task, in the project of this test."""
    budget = {"rounds": 3, "rows_per_round": 12, "money": 0}
    file = write_tiny(tmp_path / "task", budget=budget, goal=None, promotion={"max_looks": 9})
    return run_loop(load_task(file), runner=InProcess())


@pytest.fixture
def address(home: Path, looped: LoopResult) -> Iterator[str]:
    """Plain `mlflow ui` in the project's folder, with nothing set: it must open this store and no other."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    plain = {
        name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW_", "VERITRAIN_"))
    }
    plain |= {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    command = [
        sys.executable,
        "-m",
        "mlflow",
        "ui",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--workers",
        "1",
    ]
    with (home / "ui.log").open("w") as log:
        server = subprocess.Popen(
            command, cwd=home, env=plain, stdout=log, stderr=log, start_new_session=True
        )
        try:
            _wait(f"http://127.0.0.1:{port}/health", server, home / "ui.log")
            yield f"http://127.0.0.1:{port}"
        finally:
            os.killpg(server.pid, 15)
            server.wait(timeout=300)


def _wait(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + 120
    while time.monotonic() < end:
        assert server.poll() is None, log.read_text()[-2000:]
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except (urllib.error.URLError, OSError):
            time.sleep(1)
    raise AssertionError(f"the MLflow UI did not start: {log.read_text()[-2000:]}")


@pytest.mark.timeout(420)
def test_three_rounds_are_compared_in_the_mlflow_ui(looped: LoopResult, address: str, tmp_path: Path) -> None:
    from playwright.sync_api import expect, sync_playwright

    task = load_task(tmp_path / "task")
    rounds = [run for run in runs.children(task, looped.run_id) if run.data.tags["veritrain.kind"] == "round"]
    compared = [run for run in rounds if run.data.tags["veritrain.round"] in ("1", "2", "3")]
    assert len(compared) == 3
    place = store.experiment(task).experiment_id
    ids = ",".join(f'"{run.info.run_id}"' for run in compared)
    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=flags)
        try:
            page = browser.new_page(viewport={"width": 1600, "height": 1100})
            page.goto(f"{address}/#/experiments/{place}/runs")
            expect(page.get_by_text("loop tiny").first).to_be_visible(timeout=90_000)
            page.goto(f'{address}/#/compare-runs?runs=[{ids}]&experiments=["{place}"]')
            for name in ("round 1", "round 2", "round 3"):
                expect(page.get_by_text(name, exact=True).first).to_be_visible(timeout=90_000)
            expect(page.get_by_text(re.compile(r"^accuracy$")).first).to_be_visible(timeout=60_000)
            for run in compared:
                value = f"{run.data.metrics['accuracy']:.3f}"[:4]
                expect(page.locator("body")).to_contain_text(value, timeout=60_000)
            page.screenshot(path=str(tmp_path / "compared.png"))
        finally:
            browser.close()


def test_the_loops_run_has_a_curve_with_a_point_for_each_round(
    new_home: Callable[[Path], Path], looped: LoopResult
) -> None:
    points = store.client().get_metric_history(looped.run_id, "accuracy")
    assert [point.step for point in sorted(points, key=lambda one: one.step)] == [0, 1, 2, 3]
