"""Counts of several worker processes are one server's; the alert rules ask for what there is."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from veritrain_lib.core.errors import Infrastructure
from veritrain_lib.llm.ledger import Ledger, default_ledger_path
from veritrain_lib.server.observability import metrics
from veritrain_lib.server.observability.gauges import RecordCollector
from veritrain_lib.server.observability.job_gauges import families
from veritrain_lib.tracking import runs
from veritrain_lib.tracking.state.job_counts import JobCounts

ALERTS = Path(__file__).resolve().parents[3] / "docs" / "alerts.yml"

WORKER = """
from veritrain_lib.server.observability.metrics import metrics
made = metrics()
made.requests.labels("GET", "/home", "200").inc(2)
made.sockets.inc()
print("counted", flush=True)
input()
"""
READER = "from veritrain_lib.server.observability.metrics import exposition; print(exposition()[0].decode())"


@pytest.mark.slow  # a real server with several workers
def test_workers_count_together_and_a_dead_ones_sockets_are_closed(home: Path) -> None:
    folder = metrics.new_folder()
    own = {**os.environ, metrics.FOLDER_VARIABLE: str(folder)}
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER], env=own, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        for _ in range(2)
    ]
    try:
        for worker in workers:
            assert worker.stdout
            assert worker.stdout.readline() == b"counted\n"
        assert _value(_read(own), "veritrain_websocket_clients") == 2
        workers[0].kill()
        workers[0].wait()
        text = _read(own)
        assert _value(text, "veritrain_websocket_clients") == 1
        assert _value(text, 'veritrain_http_requests_total{method="GET",route="/home",status="200"}') == 4
    finally:
        for worker in workers:
            worker.kill()
            worker.communicate()


def test_the_mapped_files_have_their_room_so_that_a_full_disk_ends_no_worker(home: Path) -> None:
    folder = metrics.new_folder()
    own = {**os.environ, metrics.FOLDER_VARIABLE: str(folder)}
    subprocess.run([sys.executable, "-c", WORKER], env=own, input=b"\n", capture_output=True, check=True)
    files = sorted(folder.glob("*.db"))
    assert {file.name.rsplit("_", 1)[0] for file in files} == set(metrics.FILE_BYTES)
    for file in files:
        there = file.stat()
        assert there.st_blocks * 512 >= there.st_size >= 65_536, f"{file.name} has a hole"


def test_without_room_a_worker_counts_in_memory(home: Path) -> None:
    limited = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))\n" + WORKER
    limited += 'print(made.requests.labels("GET", "/home", "200")._value.get())'
    own = {**os.environ, metrics.FOLDER_VARIABLE: str(metrics.new_folder())}
    done = subprocess.run(
        [sys.executable, "-c", limited], env=own, input="\n", capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["counted", "2.0"]
    assert "not shared with the server's others" in done.stderr


def test_the_counts_are_told_while_the_record_is_away(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(self: RecordCollector) -> Any:
        raise Infrastructure("the record is away")

    monkeypatch.setattr(RecordCollector, "collect", away)
    metrics.metrics().requests.labels("GET", "/home", "200").inc()
    assert (
        b'veritrain_http_requests_total{method="GET",route="/home",status="200"}' in metrics.exposition()[0]
    )


def _read(environment: dict[str, str]) -> str:
    done = subprocess.run(
        [sys.executable, "-c", READER], env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout


def _value(text: str, name: str) -> float:
    [line] = [one for one in text.splitlines() if one.startswith(f"{name} ")]
    return float(line.rsplit(" ", 1)[1])


def test_a_new_server_clears_away_counts_of_dead_ones_only(home: Path) -> None:
    running = home / ".veritrain" / "running"
    dead = running / f"{runs.owner().split('/')[0]}~999999~1~metrics"
    elsewhere = running / "another-machine~1~1~metrics"
    for one in (dead, elsewhere):
        one.mkdir(parents=True)
    made = metrics.new_folder()
    assert made.is_dir()
    assert not dead.exists()
    assert elsewhere.exists()


def test_money_is_told_by_task_once_there_is_a_ledger(home: Path) -> None:
    assert not _samples("veritrain_paid_dollars")
    assert not default_ledger_path().exists()
    with Ledger() as ledger:
        ledger._reader.execute("INSERT INTO accounts VALUES ('support', 1.25, 0)")
        ledger._reader.commit()
    assert _samples("veritrain_paid_dollars") == {"support": 1.25}


def _samples(name: str) -> dict[str, float]:
    found: Any = {family.name: family for family in RecordCollector().collect()}
    return {sample.labels["task"]: sample.value for sample in found[name].samples}


@pytest.fixture
def names(home: Path) -> set[str]:
    """Every name that /metrics gives, once something was counted."""
    made = metrics.metrics()
    made.requests.labels("GET", "/home", "200").inc()
    made.durations.labels("GET", "/home").observe(0.1)
    text = metrics.exposition()[0].decode()
    of_jobs = {family.name for family in families(JobCounts({}, {}, {}, {}, {}, {}), [])}
    declared = set(re.findall(r"^# TYPE (\S+)", text, re.M))
    return (
        declared
        | of_jobs
        | {line.split("{")[0].split(" ")[0] for line in text.splitlines() if line[:1] != "#"}
    )


def test_alert_rules_ask_for_metrics_that_there_are(names: set[str]) -> None:
    content = yaml.safe_load(ALERTS.read_text(encoding="utf-8"))
    rules = [rule for group in content["groups"] for rule in group["rules"]]
    assert rules
    for rule in rules:
        asked = set(re.findall(r"\b(?:veritrain|mlflow)_\w+", rule["expr"]))
        assert asked <= names, f"{rule['alert']}: {asked - names}"
        assert asked or "up{" in rule["expr"]
        assert rule["annotations"]["summary"]
        assert rule["labels"]["severity"] in ("page", "ticket")
