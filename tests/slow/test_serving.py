"""A champion is served by MLflow alone, in a clean environment with nothing of Veri-Train in it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.stages.tiny_task import write_tiny
from veritrain_lib.core.task import Task, load_task
from veritrain_lib.models.base import open_model
from veritrain_lib.stages.inputs import sources
from veritrain_lib.stages.record.upstream import run_upstream
from veritrain_lib.tracking import models, store

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900), pytest.mark.xdist_group("serving")]

LOCK = Path(__file__).resolve().parents[2] / "requirements.lock"
OFFLINE = (
    "error sending request",
    "failed to fetch",
    "failed to lookup",
    "network",
    "temporary failure in name",
)


@pytest.fixture
def task(home: Path) -> Task:
    found = load_task(write_tiny(home / "task"))
    run_upstream(found, "train")
    return found


def clean_environment(home: Path, venv: Path) -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("VERITRAIN", "PYTHON", "MLFLOW", "VIRTUAL_ENV"))
    }
    kept["PATH"] = f"{venv / 'bin'}{os.pathsep}{kept.get('PATH', '')}"
    return {**kept, "MLFLOW_TRACKING_URI": f"sqlite:///{home}/mlflow.db", "MLFLOW_DISABLE_TELEMETRY": "true"}


@pytest.fixture
def venv(task: Task, home: Path) -> Path:
    """A fresh environment with what the model says it needs; the rest at the versions of the lock file."""
    folder = home / "clean"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True, timeout=300)
    model = store.client().get_model_version_by_alias(task.name, models.CHAMPION)
    import mlflow

    needs = mlflow.artifacts.download_artifacts(f"models:/{model.name}/{model.version}/requirements.txt")
    locked = home / "constraints.txt"
    pins = (line.rstrip(" \\") for line in LOCK.read_text(encoding="utf-8").splitlines())
    locked.write_text("".join(f"{pin}\n" for pin in pins if "==" in pin and pin[0].isalnum()))
    done = subprocess.run(
        [sys.executable, "-m", "uv", "pip", "install", "--system-certs", "--python", str(folder / "bin" / "python"),
         "-r", str(needs), "-c", str(locked)],
        capture_output=True, text=True, timeout=400, check=False,
    )  # fmt: skip
    if done.returncode and any(sign in done.stderr.lower() for sign in OFFLINE):
        pytest.skip(f"packages can't be installed here: {done.stderr.strip().splitlines()[-1]}")
    assert done.returncode == 0, done.stderr[-3000:]
    return folder


@pytest.fixture
def served(task: Task, home: Path, venv: Path) -> Iterator[str]:
    """The address at which `models:/tiny@champion` answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = home / "serve.log"
    with log.open("wb") as out:
        server = subprocess.Popen(
            [str(venv / "bin" / "mlflow"), "models", "serve", "-m", f"models:/{task.name}@champion",
             "-h", "127.0.0.1", "-p", str(port), "--env-manager", "local"],
            cwd=home, stdout=out, stderr=out, start_new_session=True, env=clean_environment(home, venv),
        )  # fmt: skip
    try:
        for _ in range(240):
            assert server.poll() is None, log.read_text()[-3000:]
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/ping", timeout=5).close()
                break
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                time.sleep(0.5)
        else:
            pytest.fail(f"the server never answered:\n{log.read_text()[-3000:]}")
        yield f"http://127.0.0.1:{port}/invocations"
    finally:
        # The session is the server's own: its workers end with it.
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()


def ask(address: str, content: Any) -> Any:
    request = urllib.request.Request(
        address, json.dumps(content).encode(), {"Content-Type": "application/json"}, method="POST"
    )
    with urllib.request.urlopen(request, timeout=300) as answer:
        return json.loads(answer.read())


def test_the_champion_is_served_without_veritrain_and_answers_like_the_student(
    task: Task, venv: Path, home: Path, served: str
) -> None:
    lacks = subprocess.run(
        [str(venv / "bin" / "python"), "-c", "import veritrain_lib"],
        capture_output=True, text=True, cwd=home, env=clean_environment(home, venv), check=False,
    )  # fmt: skip
    assert "No module named 'veritrain_lib'" in lacks.stderr
    rows = sources.development_rows(task)
    expected = [json.loads(one.raw) for one in open_model(f"models:/{task.name}@champion", task).answer(rows)]
    texts = rows["text"].tolist()
    given = ask(served, {"dataframe_records": [{"text": text} for text in texts]})
    assert given["predictions"] == expected
    assert set(expected[0]) == {"label", "candidates", "explanation"}
    with pytest.raises(urllib.error.HTTPError) as refused:
        ask(served, {"dataframe_records": [{"message": "no column of this model"}]})
    assert refused.value.code == 400
