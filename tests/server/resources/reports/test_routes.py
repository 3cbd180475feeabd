"""Reports over HTTP: what the report stage wrote, and what a client asks for by a title of its own."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from docx import Document
from pypdf import PdfReader
from starlette.testclient import TestClient

from tests.server.resources.conftest import stage
from tests.stages.in_process import InProcess
from veritrain_lib.core.task import Task
from veritrain_lib.loop.round_run import RoundRun
from veritrain_lib.tracking import runs

Work = Callable[[], InProcess]

HERE = "/api/v1/reports"


@pytest.fixture
def experiment(task: Task) -> str:
    """A round that compared two models and wrote no report yet; its run."""
    loop = runs.open_run(task, "loop", kind="loop")
    for name in ("generate", "gate", "train", "evaluate"):
        stage(name, task)
    with RoundRun(task, loop, 1, InProcess(), lambda _: None) as one:
        for name in ("generate", "gate", "train", "evaluate"):
            found = runs.search(task, f"tags.`veritrain.stage` = '{name}' AND attributes.status = 'FINISHED'")
            runs.tag(one.run_id, {f"veritrain.run.{name}": found[0].info.run_id})
        return one.run_id


def ask(server: TestClient, experiment: str, **other: Any) -> dict[str, Any]:
    body = {
        "title": "Week 48",
        "description": "for the team",
        "type": "comparison",
        "experimentId": experiment,
    }
    found = server.post(HERE, json={**body, **other})
    assert found.status_code == 200, found.text
    made: dict[str, Any] = found.json()
    return made


def test_a_report_is_written_by_its_stage_and_shown_once(
    server: TestClient, task: Task, experiment: str, do_work: Work, launched: list[str]
) -> None:
    made = ask(server, experiment)
    assert set(made) >= {
        "id", "experimentId", "title", "description", "type", "status", "createdAt", "publishedAt",
        "createdBy", "tags",
    }  # fmt: skip
    told = [made[key] for key in ("title", "type", "status", "createdBy", "experimentId", "publishedAt")]
    assert told == ["Week 48", "comparison", "generating", "local", experiment, None]
    assert launched == [made["id"]]
    assert server.get(HERE, params={"status": "generating"}).json()["total"] == 1
    assert server.get(f"{HERE}/{made['id']}").json()["conclusions"] == ""
    for early in (server.post(f"{HERE}/{made['id']}/publish"), server.get(f"{HERE}/{made['id']}/export")):
        assert early.status_code == 409

    assert do_work().jobs == ["report"]
    listed = server.get(HERE).json()
    assert [(one["id"], one["status"]) for one in listed["items"]] == [(made["id"], "draft")]
    assert (listed["page_size"], listed["pageSize"], listed["totalPages"]) == (10, 10, 1)
    found = server.get(f"{HERE}/{made['id']}").json()
    assert found["description"] == "for the team"
    assert found["conclusions"].startswith("tiny: round 1: better.")
    assert found["nextSteps"]
    assert found["recommendations"]
    assert "15 of 15 rows accepted" in found["summary"]["changes"]
    assert any(line.startswith("label=") for line in found["summary"]["improvements"])
    assert found["summary"]["regressions"] == []
    compared = found["comparison"]
    assert (compared["baselineModel"], compared["targetModel"]) == ("models:/tiny/1", "models:/tiny/2")
    assert compared["currentExperimentId"] == experiment
    change = compared["differences"]["metrics"]["accuracy"]
    assert change["current"] - change["baseline"] == pytest.approx(change["difference"])
    assert compared["metrics"] == compared["differences"]["metrics"]
    added = found["syntheticDataAnalysis"]
    assert added["qualityScore"] == 1
    assert {
        "syntheticRatio",
        "performanceChange",
        "qualityAssessment",
        "recommendation",
        "impact",
        "details",
    } <= set(added)
    averages = found["metricsSummary"]
    assert averages["bestModel"] == "models:/tiny/2"
    assert averages["improvementRate"] == pytest.approx(change["difference"] / change["baseline"])
    assert "avgBleu" not in averages  # the task has labels
    assert {chart["type"] for chart in found["charts"]} == {"line", "bar"}
    assert all(chart["title"] and chart["data"] for chart in found["charts"])


def test_every_format_has_the_title_that_was_asked_for(
    server: TestClient, task: Task, experiment: str, do_work: Work
) -> None:
    made = ask(server, experiment)["id"]
    do_work()

    def export(kind: str, **headers: str) -> Any:
        found = server.get(f"{HERE}/{made}/export", params={"format": kind}, headers=headers)
        assert found.status_code == 200, found.text
        return found

    page = export("html", accept="application/json, text/plain, */*")  # as axios asks
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["content-disposition"] == f'attachment; filename="report_{made}.html"'
    assert "<h1>Week 48</h1>" in page.text
    assert "for the team · tiny: round 1" in page.text
    pdf = export("pdf")
    assert pdf.headers["content-type"] == "application/pdf"
    first = PdfReader(BytesIO(pdf.content)).pages[0].extract_text()
    assert "Week 48" in first
    assert "tiny: round 1" in first
    word = export("docx")
    assert "wordprocessingml" in word.headers["content-type"]
    paper = Document(BytesIO(word.content))
    assert paper.paragraphs[0].text == "Week 48"
    assert len(paper.inline_shapes) == page.text.count("<img ") > 0
    with zipfile.ZipFile(BytesIO(word.content)) as archive:
        assert archive.testzip() is None
    link = export("pdf", accept="application/json").json()
    assert link == {"message": f"report_{made}.pdf", "downloadUrl": f"{HERE}/{made}/export?format=pdf"}
    assert server.get(link["downloadUrl"]).content == pdf.content
    assert server.get(f"{HERE}/{made}/export", params={"format": "exe"}).status_code == 422


def test_the_stages_own_report_is_listed_and_taken_by_another(
    server: TestClient, task: Task, experiment: str, launched: list[str]
) -> None:
    own = stage("report", task, about=experiment).run_id
    runs.tag(experiment, {"veritrain.run.report": own})
    (listed,) = server.get(HERE).json()["items"]
    assert (listed["id"], listed["type"], listed["status"]) == (own, "performance", "draft")
    assert listed["experimentId"] == experiment
    made = ask(server, experiment, title="100 % of it")
    assert made["status"] == "draft"
    assert launched == []  # it is there already
    first, second = (server.get(f"{HERE}/{one}").json() for one in (own, made["id"]))
    assert first["conclusions"] == second["conclusions"] != ""
    with tempfile.TemporaryDirectory() as folder:
        stored = runs.fetch(own, "report", Path(folder)) / "report.html"
        assert server.get(f"{HERE}/{own}/export", params={"format": "html"}).content == stored.read_bytes()
    for known, ids in (
        ({"filters[search]": "100 %"}, [made["id"]]), ({"search": "_"}, []), ({"search": "tiny"}, [made["id"], own]),
        ({"filters[type]": "performance"}, [own]), ({"type": "comparison"}, [made["id"]]),
        ({"filters[status]": "draft"}, [made["id"], own]), ({"status": "published"}, []),
        ({"page": "2", "pageSize": "1"}, [own]),
    ):  # fmt: skip
        found = server.get(HERE, params=known).json()
        assert [one["id"] for one in found["items"]] == ids, known
    assert server.get(HERE, params={"search": "\x00"}).status_code == 422


def test_a_report_is_edited_published_and_deleted(
    server: TestClient, task: Task, experiment: str, do_work: Work
) -> None:
    made = ask(server, experiment)["id"]
    do_work()
    changed = server.put(f"{HERE}/{made}", json={"title": "Week 49", "tags": ["a", "日本"]}).json()
    assert (changed["title"], changed["tags"], changed["type"]) == ("Week 49", ["a", "日本"], "comparison")
    first = server.post(f"{HERE}/{made}/publish").json()
    assert (first["status"], server.post(f"{HERE}/{made}/publish").json()["publishedAt"]) == (
        "published", first["publishedAt"],
    )  # fmt: skip
    assert server.get(HERE, params={"filters[status]": "published"}).json()["total"] == 1
    back = server.put(f"{HERE}/{made}", json={"status": "draft"}).json()
    assert (back["status"], back["publishedAt"]) == ("draft", None)
    for wrong in ({"status": "generating"}, {"type": "bogus"}, {"title": ""}, {"id": "x"}, {"title": "\x00"}):
        assert server.put(f"{HERE}/{made}", json=wrong).status_code == 422, wrong
    gone = server.delete(f"{HERE}/{made}")
    assert gone.status_code == 200
    assert made in gone.json()["message"]
    assert server.get(f"{HERE}/{made}").status_code == 404


def test_a_rounds_own_report_is_hidden_and_its_run_stays(
    server: TestClient, task: Task, experiment: str
) -> None:
    own = stage("report", task, about=experiment).run_id
    assert server.delete(f"{HERE}/{own}").status_code == 200
    assert server.get(HERE).json()["total"] == 0
    assert server.get(f"{HERE}/{own}").status_code == 404
    assert runs.get(own).info.status == "FINISHED"


def test_a_report_that_can_not_be_written_says_why(
    server: TestClient, task: Task, experiment: str, do_work: Work
) -> None:
    made = ask(server, experiment)["id"]
    task.path.unlink()
    do_work()
    found = server.get(f"{HERE}/{made}").json()
    assert found["status"] == "draft"
    assert "can't be read any more" in found["error"]
    assert server.get(f"{HERE}/{made}/export").status_code == 409


def test_what_is_no_experiment_has_no_report(server: TestClient, task: Task, launched: list[str]) -> None:
    idle = runs.open_run(task, "experiment", kind="round")
    body = {"title": "x", "description": "", "type": "summary"}
    assert server.post(HERE, json={**body, "experiment_id": idle}).status_code == 409
    for unknown in ("nobody", "0" * 32, "a\x00b"):
        assert server.post(HERE, json={**body, "experiment_id": unknown}).status_code == 422
    assert server.post(HERE, json={**body}).status_code == 422
    assert launched == []
    for path in ("", "/export"):
        assert server.get(f"{HERE}/{'0' * 32}{path}").status_code == 404
    assert server.post(f"{HERE}/nobody/publish").status_code == 404
