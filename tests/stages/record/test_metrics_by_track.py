"""Speech and writing are measured apart where the task cuts its rows so."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.stages.conftest import Do
from tests.stages.tiny_task import write_tiny
from tests.text_task import write_text_task
from veritrain_lib.core.task import load_task
from veritrain_lib.metrics.base import open_metrics, references_of
from veritrain_lib.models.base import open_model
from veritrain_lib.stages.inputs import sources
from veritrain_lib.stages.record.metrics_by_track import by_track
from veritrain_lib.tracking import models, runs


@pytest.mark.slow
def test_an_evaluation_has_the_metrics_of_each_track(home: Path, do: Do) -> None:
    task = load_task(write_text_task(home / "task"))
    run = runs.get(do("evaluate", task).run_id)
    assert run.data.tags["veritrain.tracks"] == "spoken,written"
    rows = sources.development_rows(task)
    meetings = rows[rows["scene"] == "meeting"].reset_index(drop=True)
    assert 0 < len(meetings) < len(rows)
    chrf = open_metrics(task)[0]
    for role, before in (("challenger", ""), ("champion", "champion_")):
        uri = run.data.tags[f"veritrain.input.{role}"]
        answers = open_model(models.describe(task, uri).uri, task).answer(meetings)
        value = chrf.value(references_of(task, meetings), answers)
        assert run.data.metrics[f"track.spoken.{before}chrf"] == pytest.approx(value)
    assert run.data.metrics["track.written.bleu"] != run.data.metrics["track.spoken.bleu"]


def test_rows_without_a_track_have_none(home: Path) -> None:
    task = load_task(write_tiny(home / "task"))
    rows = sources.development_rows(task)
    assert by_track(task, rows, rows) == ({}, {})
