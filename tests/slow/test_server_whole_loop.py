"""The whole loop by HTTP, on the built-in example: a project that begins empty, and a real server over it.

Each answer is held against the record, which MLflow's own client reads through the same port.
"""

from __future__ import annotations

import csv
import html
import io
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from docx import Document
from mlflow.tracking import MlflowClient
from pypdf import PdfReader
from websockets.sync.client import connect

from tests.server.linked import bearer
from tests.server.resources.conftest import UNSET
from tests.server.served import serving
from veritrain_lib.core import project

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

TASK = "support"
COPIES = "text,label\n" + "My card was declined twice today.,payment_failed\n" * 60
CHANGED = {"title": "The first week", "description": "for the team", "tags": ["weekly", "日本"]}


@dataclass
class Walk:
    """One way through the loop, and what the client was told on it."""

    http: httpx.Client
    mlflow: MlflowClient
    address: str
    blocked: dict[str, Any] = field(default_factory=dict)
    verdict_of_blocked: dict[str, Any] = field(default_factory=dict)
    refused: httpx.Response | None = None
    passed: dict[str, Any] = field(default_factory=dict)
    verdict: dict[str, Any] = field(default_factory=dict)
    pending: dict[str, Any] = field(default_factory=dict)
    lines: list[dict[str, Any]] = field(default_factory=list)

    def get(self, path: str, **asked: str) -> Any:
        """An answer that is one."""
        found = self.http.get(f"/api/v1{path}", params=asked)
        assert found.status_code == 200, found.text
        return found.json()

    def send(self, method: str, path: str, status: int = 200, **more: Any) -> Any:
        """The same, of a request that changes something."""
        found = self.http.request(method, f"/api/v1{path}", **more)
        assert found.status_code == status, found.text
        return found.json()

    def upload(self, name: str, content: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """The dataset of a file, and the gate's verdict on it."""
        told = self.send("POST", "/datasets", 201, files={"file": (name, content)})["data"]
        until = time.monotonic() + 300
        while (gate := self.get(f"/datasets/{told['id']}/quality-gate"))["status"] == "pending":
            assert not gate["block_reasons"], gate
            assert time.monotonic() < until, "the gate has not judged it in 300 s"
            time.sleep(0.5)
        return told, gate

    def experiment(self, dataset: str) -> httpx.Response:
        """Ask for an experiment on a dataset."""
        given = {
            "name": "by HTTP", "task": TASK, "datasetId": dataset, "config": {"seed": 3},
        }  # fmt: skip
        return self.http.post("/api/v1/experiments", json=given)

    def follow(self, experiment: str) -> list[dict[str, Any]]:
        """Every numbered line of its stream, until the server closes it."""
        place = f"{self.address.replace('http', 'ws')}/api/v1/experiments/{experiment}/stream"
        with connect(place, open_timeout=60, additional_headers=bearer()) as there:
            return [line for message in there if "seq" in (line := json.loads(message))]


@pytest.fixture(scope="module")
def walk(empty_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    """The loop, from an empty project to an experiment that has ended."""
    home = tmp_path_factory.mktemp("whole")
    shutil.copy(empty_store, home / "mlflow.db")
    with pytest.MonkeyPatch.context() as patch:
        for name in (*UNSET, "MLFLOW_TRACKING_URI", "VERITRAIN_STATUS_FILE"):
            patch.delenv(name, raising=False)
        patch.setenv("VERITRAIN_HOME", str(home))
        with serving(home) as address, httpx.Client(base_url=address, timeout=300, headers=bearer()) as http:
            patch.setenv("MLFLOW_TRACKING_TOKEN", bearer()["Authorization"].removeprefix("Bearer "))
            made = Walk(http, MlflowClient(address, address), address)
            made.blocked, made.verdict_of_blocked = made.upload("copies.csv", COPIES)
            made.refused = made.experiment(made.blocked["id"])
            pool = project.example_task(TASK).parent / "pool.csv"
            made.passed, made.verdict = made.upload("week.csv", pool.read_text(encoding="utf-8"))
            made.pending = made.experiment(made.passed["id"]).json()
            made.send("POST", f"/experiments/{made.pending['id']}/start")
            made.lines = made.follow(made.pending["id"])
            yield made


@pytest.fixture(scope="module")
def report(walk: Walk) -> dict[str, Any]:
    """A report of the experiment, said anew and published."""
    given = {"title": "A week", "type": "comparison", "experimentId": walk.pending["id"]}
    made = walk.send("POST", "/reports", json=given)
    assert (made["status"], made["title"]) == ("draft", "A week"), "its round has written it already"
    walk.send("PUT", f"/reports/{made['id']}", json=CHANGED)
    walk.send("POST", f"/reports/{made['id']}/publish")
    found: dict[str, Any] = walk.get(f"/reports/{made['id']}")
    return found


def test_a_blocked_upload_can_not_be_used(walk: Walk) -> None:
    gate = walk.verdict_of_blocked
    assert gate["status"] == "failed"
    assert gate["metrics"]["duplicate_rate"] == pytest.approx(59 / 60, abs=1e-6)
    assert any("exact_duplicate" in reason for reason in gate["block_reasons"])
    assert walk.refused is not None
    assert walk.refused.status_code == 422
    assert [one["field"] for one in walk.refused.json()["errors"]] == ["body.dataset_id"]
    assert walk.get(f"/datasets/{walk.blocked['id']}")["usage_history"] == []
    judged = walk.mlflow.get_run(gate["gate_run_id"])
    assert (judged.info.status, judged.data.tags["veritrain.dataset.status"]) == ("FINISHED", "blocked")


def test_every_uploaded_row_is_accepted_or_in_quarantine_in_the_record(walk: Walk) -> None:
    gate, sent = walk.verdict, walk.passed["rows"]
    assert (gate["status"], walk.get(f"/datasets/{walk.passed['id']}")["status"]) == ("passed", "passed")
    assert (sent, gate["rows_accepted"] + gate["rows_rejected"]) == (720, 720)
    address = f"/get-artifact?run_id={gate['gate_run_id']}&path="
    layout = walk.http.get(f"{address}dataset/layout.json").json()
    assert sum(count for _, _, count in layout["spans"]) == gate["rows_accepted"] > 50
    rejected = walk.http.get(f"{address}gate/quarantine.csv").text
    assert len(list(csv.DictReader(io.StringIO(rejected)))) == gate["rows_rejected"] > 50
    judged = walk.mlflow.get_run(gate["gate_run_id"])
    assert judged.data.metrics["rows_quarantined"] == gate["rows_rejected"]


def test_the_stream_tells_the_experiment_from_its_first_line_to_its_last(walk: Walk) -> None:
    assert (walk.pending["status"], walk.pending["base_model_id"]) == ("pending", None)
    assert [line["seq"] for line in walk.lines] == list(range(1, len(walk.lines) + 1))
    begun = [line["data"]["stage"] for line in walk.lines if line["data"].get("event") == "begin"]
    assert begun == ["gate", "train", "train", "evaluate", "report"], "the seed model comes first"
    assert (walk.lines[-1]["status"], walk.lines[-1]["ended"]) == ("completed", True)
    logs = walk.get(f"/experiments/{walk.pending['id']}/logs", limit="1000")
    assert [one["message"] for one in logs] == [line["message"] for line in walk.lines]


def test_the_experiment_is_what_mlflow_says_of_its_run(walk: Walk) -> None:
    found = walk.get(f"/experiments/{walk.pending['id']}")
    run = walk.mlflow.get_run(found["id"])
    assert (found["status"], run.info.status) == ("completed", "FINISHED")
    assert found["base_model_id"] == f"{TASK}-1", "the seed model that it made first"
    assert found["bestScore"] == run.data.metrics["accuracy"] > 0.7
    assert run.data.metrics["training_rows"] == walk.verdict["rows_accepted"], "what the gate took out is out"
    (use,) = walk.get(f"/datasets/{walk.passed['id']}")["usage_history"]
    assert (use["experiment_id"], use["experiment_name"]) == (found["id"], "by HTTP")
    for name in ("train", "evaluate", "report"):
        assert walk.mlflow.get_run(run.data.tags[f"veritrain.run.{name}"]).info.status == "FINISHED"


def test_the_better_model_is_champion_for_both(walk: Walk) -> None:
    said = walk.get(f"/experiments/{walk.pending['id']}")["evaluation"]
    assert (said["verdict"], said["promoted"]) == ("better", True)
    assert walk.mlflow.get_model_version_by_alias(TASK, "champion").version == "2"
    listed = {one["id"]: one["aliases"] for one in walk.get("/models")["items"]}
    assert set(listed) == {f"{TASK}-1", f"{TASK}-2"}
    assert "champion" in listed[f"{TASK}-2"]
    assert "champion" not in listed[f"{TASK}-1"]


def test_the_evaluation_and_its_summary_have_the_runs_numbers(walk: Walk) -> None:
    experiment = walk.get(f"/experiments/{walk.pending['id']}")
    (listed,) = walk.get("/evaluations", experiment_id=experiment["id"])["data"]["items"]
    assert listed["id"] == experiment["evaluation"]["id"]
    measured = walk.mlflow.get_run(listed["id"]).data.metrics
    names = ("accuracy", "macro_f1", "contract_rate")
    assert listed["metrics"] == {name: pytest.approx(measured[name]) for name in names}
    summary = walk.get(f"/evaluations/experiment/{experiment['id']}/summary")
    assert (summary["written"], summary["spoken"]) == (listed["metrics"], None)
    one = walk.get(f"/evaluations/{listed['id']}")
    assert (one["experiment_name"], one["model_name"]) == ("by HTTP", f"{TASK}-2")
    files = project.example_task(TASK).parent
    texts = {
        name: {row["text"] for row in csv.DictReader((files / f"{name}.csv").open(encoding="utf-8"))}
        for name in ("dev", "test")
    }
    shown = {row["source"] for row in one["sample_results"]}
    assert shown <= texts["dev"]
    assert shown
    assert not shown & texts["test"], "no row of the held-out test set is shown"


def test_a_report_is_said_anew_and_published_in_the_record(walk: Walk, report: dict[str, Any]) -> None:
    assert {name: report[name] for name in CHANGED} == CHANGED
    assert (report["status"], report["type"]) == ("published", "comparison")
    run = walk.mlflow.get_run(report["id"])
    assert run.info.status == "FINISHED"
    assert run.data.tags["veritrain.report.status"] == "published"
    assert run.data.tags["veritrain.report.title"] == CHANGED["title"]
    listed = walk.get("/reports", status="published")["items"]
    assert [one["id"] for one in listed] == [report["id"]]
    change = report["comparison"]["metrics"]["accuracy"]
    measured = walk.mlflow.get_run(
        walk.get(f"/experiments/{walk.pending['id']}")["evaluation"]["id"]
    ).data.metrics
    assert change["current"] == pytest.approx(measured["accuracy"])
    assert change["baseline"] == pytest.approx(measured["champion_accuracy"])


def test_the_report_is_the_same_in_all_three_formats(walk: Walk, report: dict[str, Any]) -> None:
    def export(kind: str) -> bytes:
        found = walk.http.get(f"/api/v1/reports/{report['id']}/export", params={"format": kind})
        assert found.status_code == 200, found.text
        assert f'filename="report_{report["id"]}.{kind}"' in found.headers["content-disposition"]
        return found.content

    assert "support: by HTTP" in export("html").decode(), "it bears its experiment's name"
    verdict = report["conclusions"]
    assert "better" in verdict
    page = html.unescape(export("html").decode())
    paper = PdfReader(io.BytesIO(export("pdf")))
    word = Document(io.BytesIO(export("docx")))
    assert verdict in page
    assert verdict in " ".join(paper.pages[0].extract_text().split())
    assert any(verdict in one.text for one in word.paragraphs)
    assert len(word.inline_shapes) == page.count("<img ") > 0


CLIENT = """
import csv, sys
import mlflow
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

mlflow.set_tracking_uri(sys.argv[1])
mlflow.set_experiment("theirs")
with open(sys.argv[2], encoding="utf-8") as rows:
    rows = list(csv.DictReader(rows))
model = make_pipeline(TfidfVectorizer(), LogisticRegression(C=30))
model.fit([row["text"] for row in rows], [row["label"] for row in rows])
with mlflow.start_run():
    mlflow.sklearn.log_model(model, name="model", registered_model_name="theirs", pip_requirements=["scikit-learn"])
"""


def test_a_model_that_mlflows_client_logged_through_the_server_is_used_by_a_stage(
    walk: Walk, tmp_path: Path
) -> None:
    """The client's process knows nothing of us: it has the server's address and a token."""
    plain = {
        name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW", "VERITRAIN"))
    }
    seed = project.example_task(TASK).parent / "seed.csv"
    token = bearer()["Authorization"].removeprefix("Bearer ")
    done = subprocess.run(
        [sys.executable, "-c", CLIENT, walk.address, str(seed)], cwd=tmp_path,
        env={**plain, "MLFLOW_TRACKING_TOKEN": token}, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    nameless = walk.http.post("/api/v1/models/theirs-1/probe")
    assert nameless.status_code == 409
    assert "POST /api/v1/models" in nameless.json()["detail"], "how to say which task it is for"
    config = {"address": "models:/theirs/1", "task": TASK}
    filed = walk.send(
        "POST", "/models", 201, json={"name": "theirs for support", "type": "base", "config": config}
    )
    probed = walk.send("POST", f"/models/{filed['id']}/probe", json={"test_cases": ["My card was declined."]})
    assert probed["details"]["measures"]["output_contract"]["value"] == 1.0
    assert probed["details"]["measures"]["accuracy"]["value"] > 0.6
    assert probed["details"]["test_cases"][0]["candidates"]
    assert walk.get(f"/models/{filed['id']}")["baseline_probe"]["probed_at"]
