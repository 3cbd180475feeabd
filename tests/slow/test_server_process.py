"""The real server in a process of its own, on PostgreSQL where there is one: MLflow's client and UI work through it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from benchmarks.server_process import Served, serving
from tests.server.postgres import is_there, new_database

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
OURS = ("SECRET_KEY", "DATABASE_URL", "REDIS_URL", "ALLOWED_ORIGINS", "ALLOWED_HOSTS", "MLFLOW_TRACKING_URI")

pytestmark = [pytest.mark.slow, pytest.mark.timeout(420)]


def _environment(home: Path) -> dict[str, str]:
    plain = {name: value for name, value in os.environ.items() if name not in OURS}
    return {**plain, "VERITRAIN_HOME": str(home)}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server with two workers over an empty record, migrated by its own start.

    The record is in PostgreSQL where this machine has it, else in SQLite, as in the tests of `test_server_live.py`.
    """
    own = _environment(tmp_path_factory.mktemp("served"))
    with ExitStack() as stack:
        if is_there():
            own["DATABASE_URL"] = stack.enter_context(new_database())
        yield stack.enter_context(serving(own, workers=2))


def _get(served: Served, path: str) -> str:
    asked = urllib.request.Request(f"{served.address}{path}", headers=served.headers)
    with urllib.request.urlopen(asked, timeout=300) as answer:
        return str(answer.read().decode())


def _token(served: Served) -> str:
    return served.headers["Authorization"].removeprefix("Bearer ")


CLIENT = """
import sys, tempfile, pathlib
import mlflow
from mlflow import MlflowClient
mlflow.set_tracking_uri(sys.argv[1])
mlflow.set_experiment("by the client")
with mlflow.start_run(run_name="first run") as run:
    mlflow.log_param("epochs", 3)
    for step in range(5):
        mlflow.log_metric("loss", 1 / (step + 1), step=step)
    mlflow.set_tag("language", "日本語")
    mlflow.log_text("written by the client", "notes/note.txt")
client = MlflowClient()
[found] = client.search_runs([run.info.experiment_id], "params.epochs = '3' and metrics.loss < 0.5")
assert found.data.tags["language"] == "日本語" and found.data.metrics["loss"] == 0.2
assert [point.value for point in client.get_metric_history(run.info.run_id, "loss")][:2] == [1.0, 0.5]
with tempfile.TemporaryDirectory() as folder:
    file = client.download_artifacts(run.info.run_id, "notes/note.txt", folder)
    assert pathlib.Path(file).read_text() == "written by the client"
assert [one.path for one in client.list_artifacts(run.info.run_id, "notes")] == ["notes/note.txt"]
client.create_registered_model("by-the-client")
version = client.create_model_version("by-the-client", run.info.artifact_uri, run.info.run_id)
client.set_registered_model_alias("by-the-client", "champion", version.version)
assert client.get_model_version_by_alias("by-the-client", "champion").run_id == run.info.run_id
print(run.info.experiment_id, run.info.run_id)
"""


@pytest.fixture(scope="module")
def logged(served: Served, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """Experiment and run that MLflow's own client wrote through the server, in a process that knows nothing of us."""
    plain = {
        name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW", "VERITRAIN"))
    }
    done = subprocess.run(
        [sys.executable, "-c", CLIENT, served.address], env={**plain, "MLFLOW_TRACKING_TOKEN": _token(served)}, cwd=tmp_path_factory.mktemp("client"),
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    experiment, run_id = done.stdout.split()[-2:]
    return experiment, run_id


def test_mlflows_client_logs_searches_registers_and_loads_files(logged: tuple[str, str]) -> None:
    assert len(logged[1]) == 32


def test_every_line_of_the_log_is_json_and_has_no_query(served: Served, logged: tuple[str, str]) -> None:
    _get(served, "/home?token=very-secret")
    for _ in range(100):  # a request's line is written when its answer has gone
        lines = [line for line in served.log.read_text(encoding="utf-8").splitlines() if line]
        if '"/home"' in lines[-1]:
            break
        time.sleep(0.1)
    # MLflow's command says a line or two of its own before uvicorn and its log begin.
    begin = next(number for number, line in enumerate(lines) if line.startswith("{"))
    said = [json.loads(line) for line in lines[begin:]]
    assert all({"event", "level", "logger", "time"} <= set(line) for line in said)
    requests = [line for line in said if line["event"] == "request"]
    assert {line["route"] for line in requests} >= {"/home", "/api/2.0/mlflow/runs/log-metric"}
    assert "very-secret" not in "\n".join(lines)


def test_metrics_of_two_workers_are_one_servers(served: Served) -> None:
    for _ in range(10):
        _get(served, "/home/now")
    name = 'veritrain_http_requests_total{method="GET",route="/home/now",status="200"}'
    for _ in range(4):  # whichever worker answers
        [line] = [one for one in _get(served, "/metrics").splitlines() if one.startswith(name)]
        assert float(line.rsplit(" ", 1)[1]) >= 10


@pytest.fixture(scope="module")
def page() -> Iterator[Any]:
    """A browser window."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine (apt-get install chromium)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-background-networking"]
        )
        window = browser.new_page(viewport={"width": 1300, "height": 1000})
        window.set_default_timeout(90_000)
        yield window
        browser.close()


@pytest.mark.browser
def test_mlflows_ui_shows_the_runs_through_the_server(
    served: Served, logged: tuple[str, str], page: Any
) -> None:
    page.goto(f"{served.address}/home?token={_token(served)}")
    assert "token" not in page.url
    page.goto(f"{served.address}/#/experiments/{logged[0]}/runs")
    page.wait_for_selector("text=first run")


@pytest.mark.browser
def test_the_home_page_follows_what_runs(served: Served, page: Any) -> None:
    complaints: list[str] = []
    page.on(
        "console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    loaded: list[str] = []
    page.on("request", lambda request: loaded.append(request.url))
    complaints.clear()
    page.goto(f"{served.address}/home?token={_token(served)}")
    page.wait_for_selector("text=Now")
    with page.expect_response(lambda answer: answer.url.endswith("/home/now")) as followed:
        pass
    assert followed.value.status == 200
    assert all(url.startswith((served.address, "data:")) for url in loaded)
    assert complaints == []
    for width in (360, 1300):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_mlflows_own_command_serves_us_too(tmp_path: Path) -> None:
    own = _environment(tmp_path)
    subprocess.run(
        [sys.executable, "-m", "veritrain_lib.cli.main", "migrate"], env=own, check=True, cwd=tmp_path
    )
    line = [
        sys.executable, "-m", "veritrain_lib.server.supervise", sys.executable, "-m", "mlflow", "server",
        "--app-name", "veritrain", "--port", "PORT", "--workers", "1",
        "--backend-store-uri", f"sqlite:///{tmp_path / 'mlflow.db'}",
    ]  # fmt: skip
    with serving(own, command=line) as server:
        assert "Veri-Train" in _get(server, "/home")
        assert json.loads(_get(server, "/api/v1/openapi.json"))["info"]["title"] == "Veri-Train"


def test_mlflows_own_command_over_unmigrated_tables_says_what_to_run(tmp_path: Path) -> None:
    """With several workers, which uvicorn would start anew for ever if they ended."""
    line = [
        sys.executable, "-m", "veritrain_lib.server.supervise", sys.executable, "-m", "mlflow", "server",
        "--app-name", "veritrain", "--port", "PORT", "--workers", "2",
        "--backend-store-uri", f"sqlite:///{tmp_path / 'mlflow.db'}",
    ]  # fmt: skip
    with serving(_environment(tmp_path), command=line) as server:
        for path in ("/", "/home", "/api/v1/health", "/api/2.0/mlflow/experiments/search"):
            with pytest.raises(urllib.error.HTTPError) as refused:
                _get(server, f"{path}")
            assert refused.value.code == 503
            assert "run: veritrain migrate" in json.load(refused.value)["detail"]
        until = time.monotonic() + 60
        while (said := server.log.read_text(encoding="utf-8")).count("Started server process") < 2:
            assert time.monotonic() < until, said
            time.sleep(0.2)
        assert said.count("'event': 'not ready'") == said.count("Started server process") == 2


def test_a_stop_lets_open_requests_end_and_leaves_no_process(tmp_path: Path) -> None:
    import psutil

    with serving(_environment(tmp_path), workers=2) as server:
        family = psutil.Process(server.process.pid).children(recursive=True)
        assert len(family) >= 3
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(timeout=300) == 0
        assert not [one for one in family if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]
        with pytest.raises(urllib.error.URLError):
            _get(server, "/home")
    assert '"Application shutdown complete."' in server.log.read_text(encoding="utf-8")


def test_a_killed_server_leaves_nobody_on_its_port(tmp_path: Path) -> None:
    import psutil

    with serving(_environment(tmp_path), workers=2) as server:
        family = psutil.Process(server.process.pid).children(recursive=True)
        server.process.kill()
        server.process.wait()
        until = time.monotonic() + 60
        while alive := [one for one in family if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]:
            assert time.monotonic() < until, alive
            time.sleep(0.1)
        with socket.socket() as asked:
            asked.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            asked.bind(("127.0.0.1", int(server.address.rpartition(":")[2])))
