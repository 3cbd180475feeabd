"""An evaluation of a task whose rows are speech and writing, over HTTP."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tests.text_task import write_text_task


@pytest.mark.slow  # stages of its own, evaluation included
def test_each_track_has_its_own_metrics(server: TestClient, home: Path) -> None:
    from veritrain_lib.core.task import load_task
    from veritrain_lib.stages.record.stage_run import prepare
    from veritrain_lib.tracking import runs

    task = load_task(write_text_task(home / "task"))
    stage = prepare("evaluate", {"task": str(task.path), "run_upstream": True})
    stage.run()
    stage.finish()
    stored = runs.get(stage.run_id).data.metrics

    def listed(**asked: str) -> dict[str, float]:
        (item,) = server.get("/api/v1/evaluations", params=asked).json()["items"]
        assert item["track"] == asked.get("track", "written")
        assert item["experiment_id"] == ""
        metrics: dict[str, float] = item["metrics"]
        return metrics

    for track in ("spoken", "written"):
        shown = listed(track=track)
        assert shown["bleu"] == pytest.approx(stored[f"track.{track}.bleu"] / 100), "0 to 1"
        assert shown["chrf"] == pytest.approx(stored[f"track.{track}.chrf"])
        assert not {"contract_rate", "gpt_eval_1", "gpt_eval_2"} & set(shown)
    assert listed() == listed(track="written")
    found = server.get(f"/api/v1/evaluations/{stage.run_id}").json()
    assert set(found["tracks"]) == {"spoken", "written"}
    assert found["tracks"]["spoken"] == listed(track="spoken")
    sample = found["sample_results"][0]
    assert sample["errors"]
    assert {one["severity"] for one in sample["errors"]} <= {"minor", "major", "critical"}
    summary = found["error_analysis"]["error_type_distribution"]
    assert sum(summary.values()) > 0
