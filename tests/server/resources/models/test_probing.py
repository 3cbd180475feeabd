"""A probe over HTTP: the stage's notebook in a process of its own, for a model of ours and for one at a provider."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.llm.server import Server, point
from tests.stages.tiny_task import LABELS, WORDS, write_tiny

PRICES = "date: 2026-01-01\nmodels:\n  m: {input: 1, output: 2}\n"


def script(body: dict[str, Any]) -> dict[str, Any]:
    """Knows the words of each label."""
    text = str(body["messages"][-1]["content"]).lower()
    label = next((one for one in LABELS if any(word in text for word in WORDS[one])), LABELS[0])
    return {"label": label, "candidates": [{"label": label}], "explanation": "its words"}


@pytest.mark.slow
def test_a_model_is_probed_by_the_notebook_and_the_record_has_it(
    server: TestClient, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from veritrain_lib.stages.inputs.tasks import find_task
    from veritrain_lib.tracking import runs

    (home / "prices.yaml").write_text(PRICES, encoding="utf-8")
    monkeypatch.setenv("VERITRAIN_PRICES", str(home / "prices.yaml"))
    task = find_task(str(write_tiny(home / "task", budget={"rounds": 1, "rows_per_round": 5, "money": 5.0})))
    config = {"address": "openai:/m", "task": "tiny"}
    with Server(script) as provider:
        point(monkeypatch, provider)
        filed = server.post("/api/v1/models", json={"name": "mini", "type": "base", "config": config}).json()
        first = server.post("/api/v1/models/mini-1/probe", json={"testCases": ["my invoice", "hello friend"]})
        assert first.status_code == 200, first.text
        found = first.json()
        assert found["is_multi_candidate"] is found["isMultiCandidate"] is False
        assert found["hasExplanation"] is found["followsOutputContract"] is True
        assert found["details"]["measures"]["output_contract"]["low"] > 0.8
        cases = found["details"]["test_cases"]
        assert [one["candidates"] for one in cases] == [["billing"], ["greeting"]]
        asked = len(provider.requests)
        again = server.post("/api/v1/models/mini-1/probe").json()
        assert again["probed_at"] == found["probed_at"]
        assert len(provider.requests) == asked, "found in the record"
    known = server.get("/api/v1/models/mini-1").json()
    assert filed["baseline_probe"] is None
    assert known["baseline_probe"] == again
    assert [one["name"] for one in known["prompt_contracts"]] == ["tiny.answer"]
    (run,) = runs.search(task, "tags.`veritrain.stage` = 'probe'")
    assert run.info.status == "FINISHED"
    assert run.info.run_id == found["details"]["run_id"]
    assert (Path(run.info.artifact_uri.removeprefix("file://")) / "notebook").is_dir()


@pytest.mark.slow
def test_what_goes_wrong_in_the_probe_is_said(
    server: TestClient, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from veritrain_lib.stages.inputs.tasks import find_task

    find_task(str(write_tiny(home / "task")))
    monkeypatch.setenv("OPENAI_API_KEY", "")
    config = {"address": "openai:/m", "task": "tiny"}
    server.post("/api/v1/models", json={"name": "mini", "type": "base", "config": config})
    answer = server.post("/api/v1/models/mini-1/probe")
    assert 400 <= answer.status_code < 500 or answer.status_code == 503, answer.text
    assert "OPENAI_API_KEY" in answer.json()["detail"]
