"""Datasets over HTTP: what a client uploads is checked, kept as a draft, and judged by the gate."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from starlette.testclient import TestClient

from tests.server.resources.conftest import stage
from tests.stages.in_process import InProcess
from tests.stages.tiny_task import write_tiny
from veritrain_lib.core.task import Task
from veritrain_lib.server.http.problems import Conflict
from veritrain_lib.server.resources.datasets.record import training_reference
from veritrain_lib.server.tasks import task_of_run
from veritrain_lib.stages.inputs.tasks import find_task
from veritrain_lib.tracking import datasets, event_log, runs

Work = Callable[[], InProcess]

HERE = "/api/v1/datasets"

GOOD = "text,label\nmy courier is late today,parcel\nhello again my friend,greeting\nthe invoice was charged,billing\n"
COPIES = "text,label\n" + "my courier is late today,parcel\n" * 9


def upload(server: TestClient, content: str | bytes, file: str = "mail.csv", **form: str) -> Any:
    return server.post(HERE, files={"file": (file, content)}, data=form)


def draft(server: TestClient, content: str = GOOD, **form: str) -> dict[str, Any]:
    found = upload(server, content, **form)
    assert found.status_code == 201, found.text
    made: dict[str, Any] = found.json()["data"]
    return made


def test_parquet_and_json_lines_are_uploaded_as_csv_is(
    server: TestClient, task: Task, launched: list[str]
) -> None:
    rows = pd.read_csv(io.StringIO(GOOD))
    parquet = io.BytesIO()
    rows.to_parquet(parquet, index=False)
    lines = rows.to_json(orient="records", lines=True)
    contents = set()
    for name, content in (("a.csv", GOOD), ("b.jsonl", lines), ("c.parquet", parquet.getvalue())):
        found = upload(server, content, file=name)
        assert found.status_code == 201, found.text
        stored = datasets.of_run(found.json()["data"]["id"])
        assert stored is not None
        contents.add(tuple(stored.rows[["id", "text", "label"]].itertuples(index=False, name=None)))
    assert len(contents) == 1
    assert len(launched) == 3


def test_an_upload_is_a_draft_until_the_gate_has_passed_it(
    server: TestClient, task: Task, do_work: Work, launched: list[str]
) -> None:
    found = upload(server, GOOD)
    assert found.status_code == 201, found.text
    assert set(found.json()) == {"code", "message", "data"}
    made = found.json()["data"]
    assert (made["name"], made["type"], made["status"], made["version"]) == ("mail", "human", "draft", 1)
    assert made["language_direction"] == made["languageDirection"] == task.name
    assert made["createdAt"] == made["created_at"]
    assert (made["parent_id"], made["parentId"], made["rows"]) == (None, None, 3)
    assert launched == [made["id"]]
    pending = server.get(f"{HERE}/{made['id']}/quality-gate").json()
    assert (pending["status"], pending["checked_at"], pending["blockReasons"]) == ("pending", None, [])

    assert do_work().jobs == ["gate"]
    detail = server.get(f"{HERE}/{made['id']}").json()
    assert detail["status"] == "passed"
    assert detail["overview"]["totalCount"] == 3
    assert detail["overview"]["avg_sentence_length"] == pytest.approx(13 / 3, abs=0.01)
    assert detail["overview"]["short_sentence_ratio"] == pytest.approx(2 / 3, abs=0.001)
    gate = server.get(f"{HERE}/{made['id']}/quality-gate").json()
    assert detail["qualityGate"] == detail["quality_gate_result"] == gate
    assert (gate["status"], gate["metrics"]["duplicate_rate"], gate["metrics"]["duplicateRate"]) == (
        "passed",
        0,
        0,
    )
    assert "alignment_rate" not in gate["metrics"]  # the suite has no such rule
    assert gate["thresholds"]["duplicateRate"] == 0.5
    assert gate["samplingReview"] is None
    assert datasets.load(task, training_reference(runs.get(made["id"]))).rows["text"].tolist() == [
        "my courier is late today", "hello again my friend", "the invoice was charged",
    ]  # fmt: skip


def test_the_first_upload_of_an_empty_project_tells_the_record_its_task(
    server: TestClient, launched: list[str]
) -> None:
    """Of a built-in example, whose file no loop has named yet; without it nothing could judge the rows."""
    content = "text,label\nI can not log in any more.,login_problem\n"
    made = draft(server, content)
    assert (made["task"], launched) == ("support", [made["id"]])
    assert task_of_run(runs.get(made["id"])).name == "support"
    refused = server.post("/api/v1/experiments", json={
        "name": "x", "task": "support", "baseModelId": "support-1", "datasetId": made["id"],
    })  # fmt: skip
    assert [one["field"] for one in refused.json()["errors"]] == ["body.base_model_id"], "the task is known"


def test_a_draft_whose_task_is_gone_says_that_it_was_not_judged(
    server: TestClient, task: Task, do_work: Work
) -> None:
    made = draft(server)
    file = task.path.read_text(encoding="utf-8")
    task.path.unlink()
    assert do_work().jobs == []
    task.path.write_text(file, encoding="utf-8")
    gate = server.get(f"{HERE}/{made['id']}/quality-gate").json()
    assert gate["status"] == "pending"
    assert "can't be read any more" in gate["block_reasons"][0]


def test_a_blocked_upload_says_why_and_can_not_be_used(server: TestClient, task: Task, do_work: Work) -> None:
    made = draft(server, COPIES)
    with pytest.raises(Conflict, match="'mail' can't be used: the gate has not run on it yet"):
        training_reference(runs.get(made["id"]))
    do_work()
    gate = server.get(f"{HERE}/{made['id']}/quality-gate").json()
    assert gate["status"] == "failed"
    assert gate["metrics"]["duplicate_rate"] == pytest.approx(8 / 9, abs=1e-6)
    assert any("exact_duplicate: failed, 8 of 9 rows" in reason for reason in gate["block_reasons"])
    assert server.get(f"{HERE}/{made['id']}").json()["status"] == "blocked"
    with pytest.raises(Conflict, match="exact_duplicate: failed, 8 of 9"):
        training_reference(runs.get(made["id"]))


def test_the_same_rows_again_get_the_verdict_that_they_had(
    server: TestClient, task: Task, do_work: Work
) -> None:
    first = draft(server)
    do_work()
    second = draft(server, name="again")
    assert do_work().jobs == []
    listed = server.get(HERE).json()["items"]
    assert [(one["id"], one["name"], one["status"]) for one in listed] == [
        (second["id"], "again", "passed"),
        (first["id"], "mail", "passed"),
    ]
    assert server.get(HERE, params={"status": "passed"}).json()["total"] == 2


def test_a_gate_that_can_not_be_run_leaves_a_draft_and_says_so(
    server: TestClient, task: Task, do_work: Work
) -> None:
    made = draft(server)
    (task.path.parent / "suite.json").write_text("{}", encoding="utf-8")
    do_work()
    gate = server.get(f"{HERE}/{made['id']}/quality-gate").json()
    assert gate["status"] == "pending"
    assert "the gate could not be run" in gate["block_reasons"][0]
    assert server.get(f"{HERE}/{made['id']}").json()["status"] == "draft"
    with pytest.raises(Conflict, match="could not be run"):
        training_reference(runs.get(made["id"]))


def test_a_form_says_what_the_file_does_not(server: TestClient, task: Task, launched: list[str]) -> None:
    made = draft(
        server, name="Letters", type="synthetic", languageDirection="en-ja", scene="meeting", task="tiny"
    )
    told = [made[key] for key in ("name", "type", "language_direction", "scene", "task")]
    assert told == ["Letters", "synthetic", "en-ja", "meeting", "tiny"]
    found = datasets.of_run(made["id"])
    assert found is not None
    assert set(found.rows["source"]) == {"synthetic"}
    assert upload(server, GOOD, type="bogus").status_code == 422


def test_metadata_is_edited_later_and_rows_are_not(
    server: TestClient, task: Task, launched: list[str]
) -> None:
    made = draft(server)
    said = server.patch(f"{HERE}/{made['id']}", json={"name": "Post", "languageDirection": "ja-en"}).json()
    assert (said["name"], said["language_direction"], said["scene"]) == ("Post", "ja-en", "written")
    assert server.patch(f"{HERE}/{made['id']}", json={"rows": 5}).status_code == 422


JSON_ROWS = [
    {"text": "my courier is late", "label": "parcel"},
    {"text": "hello my friend", "label": "greeting"},
]


def test_every_form_of_the_same_rows_is_the_same(server: TestClient, task: Task, launched: list[str]) -> None:
    for name, content in (
        ("rows.json", json.dumps(JSON_ROWS, indent=1)),
        ("rows.jsonl", "\n".join(map(json.dumps, JSON_ROWS)) + "\n\n"),
        ("rows.csv", "\ufefftext,label\r\nmy courier is late,parcel\r\nhello my friend,greeting\r\n"),
        ("rows.CSV", "label,text,more\nparcel,my courier is late,x\ngreeting,hello my friend,\n"),
    ):
        found = upload(server, content, name)
        assert found.status_code == 201, found.text
        stored = datasets.of_run(found.json()["data"]["id"])
        assert stored is not None
        assert stored.rows[["text", "label", "source"]].values.tolist() == [
            ["my courier is late", "parcel", "pool"],
            ["hello my friend", "greeting", "pool"],
        ]


def test_a_file_can_not_vouch_for_itself(server: TestClient, task: Task, do_work: Work) -> None:
    """The gate excuses what people here vouched for; rows from outside are not that, whatever they say."""
    copies = COPIES.replace("label\n", "label,source\n").replace("parcel\n", "parcel,human\n")
    made = draft(server, copies, type="human")
    assert made["type"] == "human"
    do_work()
    assert server.get(f"{HERE}/{made['id']}").json()["status"] == "blocked"


def test_what_is_no_text_is_refused_whatever_its_name(server: TestClient, task: Task) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.csv", "text,label\n" + "a" * 1_000_000)
    for name, content in (
        ("rows.csv", packed.getvalue()),
        ("rows.json", gzip.compress(GOOD.encode())),
        ("rows.xlsx", packed.getvalue()),
        ("rows.jpg", GOOD.encode()),
        ("rows.csv", b"text,label\n\x00\x00,parcel\n"),
    ):
        found = upload(server, content, name)
        assert found.status_code == 415, found.text
        assert found.headers["content-type"] == "application/problem+json"


def test_a_file_that_does_not_fit_is_refused_with_its_reason(
    server: TestClient, task: Task, launched: list[str]
) -> None:
    for name, content, said in (
        ("rows.csv", "text,answer\na,b\n", "columns are missing for task tiny: label"),
        ("rows.csv", "words\na\n", "The file has: words"),
        ("rows.csv", "text,label\nhello\n", "1 cell under 2 columns"),
        ("rows.json", "[" * 100_000, "nested too deeply"),
    ):
        found = upload(server, content, name)
        assert found.status_code == 422, found.text
        assert said in found.json()["detail"]
        assert found.json()["message"] == found.json()["detail"]
    assert server.get(HERE).json()["total"] == 0
    assert launched == []


def test_bad_rows_are_named_by_their_numbers(server: TestClient, task: Task) -> None:
    content = "text,label\nhello,greeting\nlate,bogus\nbox,\nvan,parcel\n"
    problem = upload(server, content).json()
    assert [one["field"] for one in problem["errors"]] == ["file.rows.2.label", "file.rows.3.label"]
    assert "row 2: 'bogus' is none of the task's answers: billing, greeting, parcel" in problem["detail"]
    problem = upload(server, "text,label\nhello,greeting\na,b,c\n").json()
    assert problem["errors"][0]["field"] == "file.rows.2"


def test_a_description_has_a_largest_size_and_says_how_rows_are_sent(server: TestClient, task: Task) -> None:
    found = server.post(HERE, json={"name": "x" * 70_000})
    assert found.status_code == 413
    assert "65,536 bytes; send rows as a file" in found.json()["detail"]


def test_a_dataset_whose_task_file_is_gone_says_so(server: TestClient, task: Task) -> None:
    made = draft(server, COPIES)
    task.path.rename(task.path.with_suffix(".gone"))
    found = server.get(f"{HERE}/{made['id']}")
    assert found.status_code == 409
    assert "restore it" in found.json()["detail"]


def test_an_upload_has_a_largest_size(
    home: Path, task: Task, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.setenv("VERITRAIN_UPLOAD_MB", "1")
    server: TestClient = request.getfixturevalue("server")
    rows = "my courier is late,parcel\n" * 60_000
    assert upload(server, "text,label\n" + rows).status_code == 413
    pieces = iter([b"--x\r\n", *[b"y" * 65_536] * 20])
    kind = {"content-type": "multipart/form-data; boundary=x"}
    assert server.post(HERE, content=pieces, headers=kind).status_code in (413, 422)


def test_a_file_name_is_a_name_and_no_path(
    server: TestClient, task: Task, home: Path, launched: list[str]
) -> None:
    for name in ("../../x.csv", "..\\..\\x.csv", "/etc/x.csv"):
        made = upload(server, GOOD, name)
        assert made.status_code == 201, made.text
        assert made.json()["data"]["name"] == "x"
    assert not [*home.rglob("x.csv"), *home.parent.glob("x.csv")]


def test_a_broken_body_is_the_clients_mistake(server: TestClient, task: Task) -> None:
    form, plain = "multipart/form-data", "application/json"
    for content, kind in (
        (b"--x\r\nnonsense", f"{form}; boundary=x"), (b"", form), (b"{", plain), (b"[" * 50_000, plain),
        (b'{"name": "\\ud800"}', plain), (b"null", plain),
    ):  # fmt: skip
        found = server.post(HERE, content=content, headers={"content-type": kind})
        assert found.status_code == 422, found.text
    assert server.post(HERE, content=b"x", headers={"content-type": "text/plain"}).status_code == 415
    assert server.post(HERE, data={"name": "x"}).status_code == 415
    assert server.post(HERE, files={"other": ("a.csv", b"x")}).status_code == 422


def test_a_backend_client_begins_a_draft_and_gets_it_flat(
    server: TestClient, task: Task, do_work: Work, launched: list[str]
) -> None:
    wanted = {"name": "letters", "type": "mixed", "language_direction": "tiny", "scene": "meeting"}
    found = server.post(HERE, json=wanted)
    assert found.status_code == 201, found.text
    made = found.json()
    assert [made[key] for key in (*wanted, "version", "status", "parent_id", "rows")] == [
        *wanted.values(), 1, "draft", None, 0,
    ]  # fmt: skip
    assert launched == []  # nothing to judge
    added = {"add": [{"text": "my courier is late", "label": "parcel"}]}
    second = server.post(
        f"{HERE}/{made['id']}/versions", json={"description": "", "modifications": added}
    ).json()
    assert (second["version"], second["parentId"], second["rows"], second["name"]) == (
        2,
        made["id"],
        1,
        "letters",
    )
    do_work()
    assert server.get(f"{HERE}/{second['id']}").json()["status"] == "passed"
    child = server.post(
        HERE, json={**wanted, "language_direction": "any", "parentId": made["id"], "version": 7}
    )
    assert (child.json()["parent_id"], child.json()["version"]) == (made["id"], 7)
    assert server.post(HERE, json={**wanted, "language_direction": "xx"}).status_code == 422
    assert server.post(HERE, json={**wanted, "parent_id": "nobody"}).status_code == 404


def test_a_version_drops_edits_and_adds_rows_and_is_judged_again(
    server: TestClient, task: Task, do_work: Work
) -> None:
    made = draft(server)
    do_work()
    stored = datasets.of_run(made["id"])
    assert stored is not None
    ids = stored.rows["id"].tolist()
    changes = {
        "drop_ids": [ids[0]],
        "edit": [{"id": ids[1], "text": "good morning my friend"}],
        "add": [{"text": "the bank has my money", "label": "billing", "source": "synthetic"}],
    }
    found = server.post(
        f"{HERE}/{made['id']}/versions", json={"description": "mended", "modifications": changes}
    )
    assert found.status_code == 201, found.text
    second = found.json()
    told = [second[key] for key in ("version", "parent_id", "type", "status", "description")]
    assert told == [2, made["id"], "mixed", "draft", "mended"]
    rows = datasets.of_run(second["id"])
    assert rows is not None
    assert rows.rows["text"].tolist() == [
        "good morning my friend", "the invoice was charged", "the bank has my money",
    ]  # fmt: skip
    assert rows.rows["id"][0] != ids[1]
    assert json.loads(rows.rows["provenance"][0])["edited"] == ids[1]
    do_work()
    assert server.get(f"{HERE}/{second['id']}").json()["status"] == "passed"


def test_an_unknown_modification_is_refused_by_its_place(
    server: TestClient, task: Task, launched: list[str]
) -> None:
    made = draft(server)
    wanted: list[tuple[dict[str, Any], str]] = [
        ({}, "body.modifications"),
        ({"shuffle": True}, "body.modifications.shuffle"),
        ({"drop_ids": ["nobody"]}, "body.modifications.drop_ids.0"),
        ({"edit": [{"text": "x"}]}, "body.modifications.edit.0.id"),
        ({"add": [{"text": "x", "label": "bogus"}]}, "body.modifications.add.0.label"),
        ({"add": [{"text": "x"}]}, "body.modifications.add.0.label"),
        ({"add": [{"text": "x", "label": "parcel", "colour": "red"}]}, "body.modifications.add.0.colour"),
        ({"add": [{"text": "x\x00", "label": "parcel"}]}, "body.modifications.add.0.text"),
    ]
    for changes, field in wanted:
        body = {"description": "", "modifications": changes}
        found = server.post(f"{HERE}/{made['id']}/versions", json=body)
        assert found.status_code == 422, found.text
        assert field in [one["field"] for one in found.json()["errors"]]


def test_a_review_stands_beside_the_verdict(server: TestClient, task: Task, do_work: Work) -> None:
    made = draft(server)
    body = {"sampleSize": 20, "passRate": 0.95, "comments": "one is odd"}
    assert server.post(f"{HERE}/{made['id']}/review", json=body).status_code == 400
    do_work()
    stored = server.post(f"{HERE}/{made['id']}/review", json=body)
    assert stored.status_code == 200, stored.text
    said = server.get(f"{HERE}/{made['id']}/quality-gate").json()["samplingReview"]
    assert [said[key] for key in ("reviewedBy", "sampleSize", "passRate", "comments")] == [
        "local", 20, 0.95, "one is odd",
    ]  # fmt: skip
    assert said["reviewed_at"]
    again = {"sample_size": 40, "pass_rate": 1, "comments": ""}
    assert server.post(f"{HERE}/{made['id']}/review", json=again).json()["sample_size"] == 40
    for wrong in ({**again, "pass_rate": 95}, {**again, "sample_size": 0}, {"comments": "x"}):
        assert server.post(f"{HERE}/{made['id']}/review", json=wrong).status_code == 422


@pytest.fixture
def trip(task: Task) -> Task:
    """A record of one trip by notebooks: seed, generated draft, its gate, training, evaluation."""
    for name in ("generate", "gate", "train", "evaluate"):
        stage(name, task)
    return task


def test_the_record_of_a_loop_shows_as_datasets(server: TestClient, trip: Task) -> None:
    found = server.get(HERE).json()
    assert (found["total"], found["totalPages"], found["page_size"], found["pageSize"]) == (2, 1, 20, 20)
    drafted, seed = found["items"]
    assert [(one["name"], one["status"], one["type"]) for one in (drafted, seed)] == [
        ("tiny", "passed", "human"),  # a pool's rows are people's
        ("tiny", "passed", "human"),
    ]
    assert drafted["parent_id"] == seed["id"]
    assert (drafted["reference"], seed["reference"]) == ("tiny@2", "tiny@1")
    use = server.get(f"{HERE}/{drafted['id']}").json()["usage_history"]
    assert len(use) == 1
    assert use[0]["experimentName"] == "train"
    assert 0 < use[0]["performance"] <= 1
    for known, total in (
        ({"type": "human"}, 2), ({"type": "synthetic"}, 0), ({"filters[status]": "passed"}, 2),
        ({"status": "draft"}, 0), ({"direction": "tiny"}, 2), ({"direction": "ja-en"}, 0),
        ({"scene": "written"}, 2), ({"filters[scene]": "meeting"}, 0), ({"search": "TIN"}, 2),
        ({"search": "%"}, 0), ({"page": "2", "page_size": "1"}, 2),
    ):  # fmt: skip
        assert server.get(HERE, params=known).json()["total"] == total, known
    assert server.get(HERE, params={"page": 2, "pageSize": 1}).json()["items"][0]["id"] == seed["id"]
    assert server.get(HERE, params={"search": "a\x00b"}).status_code == 422


def test_a_dataset_that_is_needed_can_not_be_deleted(server: TestClient, trip: Task, do_work: Work) -> None:
    drafted, seed = (one["id"] for one in server.get(HERE).json()["items"])
    found = server.delete(f"{HERE}/{seed}")
    assert found.status_code == 409
    assert "models:/tiny/" in found.json()["detail"] or "was derived from it" in found.json()["detail"]
    made = draft(server)
    do_work()
    busy = runs.open_run(
        trip, "experiment", kind="round", tags={"asked": json.dumps({"dataset": made["id"]})}
    )
    assert f"run {busy}" in server.delete(f"{HERE}/{made['id']}").json()["detail"]
    runs.end_run(busy, "FINISHED")
    assert server.delete(f"{HERE}/{made['id']}").status_code == 204
    assert server.get(f"{HERE}/{made['id']}").status_code == 404
    assert server.get(HERE).json()["total"] == 2
    assert datasets.latest(trip, "passed").made_by != made["id"]  # type: ignore[union-attr]
    assert drafted


def test_deleting_takes_what_the_gate_let_through_along(
    server: TestClient, task: Task, do_work: Work
) -> None:
    made = draft(server)
    do_work()
    assert datasets.latest(task, "passed") is not None
    assert server.delete(f"{HERE}/{made['id']}").status_code == 204
    assert datasets.latest(task) is None


def test_an_unknown_dataset_is_404(server: TestClient) -> None:
    for unknown in ("0" * 32, "nobody", "%00", "%F0%9F%98%80", f"{'0' * 32}/quality-gate"):
        found = server.get(f"{HERE}/{unknown}")
        assert found.status_code == 404
        assert found.headers["content-type"] == "application/problem+json"


WANTED = {
    "task": "tiny", "direction": "ja-en", "scene": "meeting", "seedSource": {"type": "corpus"},
    "strategy": {
        "spokenRatio": 0.5, "sentenceLengthDistribution": {"short": 1, "medium": 0, "long": 0},
        "model": "pool",
    },
    "targetCount": 9,
}  # fmt: skip


def test_generation_writes_rows_and_judges_them(
    server: TestClient, task: Task, do_work: Work, launched: list[str]
) -> None:
    seen = server.post(f"{HERE}/generate/estimate", json=WANTED).json()
    assert (seen["totalTokens"], seen["estimated_cost"]) == (0, 0)
    assert seen["estimatedTime"] > 0
    begun = server.post(f"{HERE}/generate", json=WANTED).json()
    assert (begun["task_id"], begun["status"]) == (begun["taskId"], "started")
    told = " ".join(begun["unsupported"])
    for part in ("direction 'ja-en'", "scene 'meeting'", "spokenRatio", "sentenceLengthDistribution"):
        assert part in told
    assert "strategy.model" not in told  # a teacher's name is obeyed
    assert launched == [begun["taskId"]]
    assert do_work().jobs == ["generate", "gate"]
    run = runs.get(begun["taskId"])
    assert run.info.status == "FINISHED"
    last = event_log.read(run.info.run_id)[-1]
    assert last.is_end
    assert (last.kind, last.data["status"]) == ("status", "completed")
    assert last.message == f"completed: {run.data.tags[runs.NOTE_TAG]}"
    newest = server.get(HERE).json()["items"][0]
    assert (newest["rows"], newest["status"]) == (9, "passed")
    seeded = {**WANTED, "seed_source": {"type": "dataset", "id": newest["id"]}, "target_count": 5}
    seeded = {key: value for key, value in seeded.items() if key not in ("seedSource", "targetCount")}
    assert server.post(f"{HERE}/generate", json=seeded).status_code == 200
    do_work()
    assert server.get(HERE).json()["items"][0]["parent_id"] == newest["id"]


def test_a_generation_that_can_not_be_is_refused_before(
    server: TestClient, task: Task, do_work: Work, launched: list[str]
) -> None:
    made = draft(server, COPIES)
    do_work()
    blocked = {**WANTED, "seedSource": {"type": "dataset", "id": made["id"]}}
    for wanted, status in (
        ({**WANTED, "task": "nobody", "direction": None}, 422),
        ({**WANTED, "targetCount": 0}, 422),
        ({**WANTED, "strategy": {"teacher": "nobody"}}, 422),
        ({**WANTED, "seedSource": {"type": "dataset"}}, 422),
        ({**WANTED, "seedSource": {"type": "dataset", "id": "0" * 32}}, 404),
        (blocked, 409),
    ):
        found = server.post(f"{HERE}/generate", json=wanted)
        assert found.status_code == status, found.text
    assert launched == []


def test_a_failed_generation_says_so(server: TestClient, task: Task, do_work: Work) -> None:
    begun = server.post(f"{HERE}/generate", json=WANTED).json()
    (task.path.parent / "suite.json").write_text("{}", encoding="utf-8")
    do_work()
    run = runs.get(begun["taskId"])
    assert run.info.status == "FAILED"
    last = event_log.read(run.info.run_id)[-1]
    assert last.is_end
    assert (last.data["status"], last.data["reason"]) == ("failed", run.data.tags["veritrain.reason"])


TEACHER = {"name": "llm", "parameters": {"model": "openai:/gpt-4.1-mini", "batch": 3}}


def test_a_paid_teacher_is_estimated_by_its_price_and_refused_without_one(
    server: TestClient, home: Path, monkeypatch: pytest.MonkeyPatch, launched: list[str]
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-never-used")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    budget = {"rounds": 2, "rows_per_round": 12, "money": 1.0}
    find_task(str(write_tiny(home / "paid", "paid", teacher=TEACHER, budget=budget)))
    wanted = {**WANTED, "task": "paid", "strategy": {"model": "openai:/gpt-4.1-mini"}}
    found = server.post(f"{HERE}/generate/estimate", json=wanted)
    assert found.status_code == 200, found.text
    seen = found.json()
    assert seen["total_tokens"] > 0
    assert 0 < seen["estimatedCost"] < seen["highestCost"] < 1
    assert "rule of thumb" in seen["basis"]

    unknown = {"name": "llm", "parameters": {"model": "openai:/nobody-knows-it"}}
    find_task(str(write_tiny(home / "odd", "odd", teacher=unknown, budget=budget)))
    found = server.post(f"{HERE}/generate/estimate", json={**WANTED, "task": "odd", "strategy": {}})
    assert found.status_code == 422
    assert "nobody-knows-it" in found.json()["detail"]
    poor = {**budget, "money": 0.0}
    find_task(str(write_tiny(home / "poor", "poor", teacher=TEACHER, budget=poor)))
    assert server.post(f"{HERE}/generate", json={**WANTED, "task": "poor", "strategy": {}}).status_code == 409
    assert launched == []


@pytest.mark.slow
def test_a_process_of_its_own_judges_an_upload_by_the_gates_notebook(server: TestClient, task: Task) -> None:
    import time

    made = draft(server, COPIES)
    end = time.monotonic() + 180
    while server.get(f"{HERE}/{made['id']}").json()["status"] == "draft":
        assert time.monotonic() < end, "the gate did not end"
        time.sleep(1)
    detail = server.get(f"{HERE}/{made['id']}").json()
    assert detail["status"] == "blocked"
    gate = runs.get(detail["quality_gate"]["gate_run_id"])
    assert gate.data.tags["mlflow.parentRunId"] == made["id"]
