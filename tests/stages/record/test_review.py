"""A review in the record: drawn from a gate's run, stored beside its verdict."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from tests.stages.conftest import Do
from tests.stages.tiny_task import write_tiny
from veritrain_lib.core.errors import UserError
from veritrain_lib.core.task import load_task
from veritrain_lib.stages.record import review
from veritrain_lib.stages.record.stage_run import StageRun
from veritrain_lib.tracking import runs, store


@pytest.fixture
def gate(home: Path, do: Do) -> StageRun:
    return do("gate", load_task(write_tiny(home / "task")), dataset="seed")


def filled(sheet: review.ReviewSheet, rejected: int) -> pd.DataFrame:
    decisions = ["reject"] * rejected + ["accept"] * (len(sheet.rows) - rejected)
    return sheet.rows.assign(decision=decisions, comment=["odd", *[""] * (len(decisions) - 1)])


def test_a_review_is_stored_beside_the_verdict_with_reviewer_rate_and_comments(gate: StageRun) -> None:
    sheet = review.sheet(gate.task, review.gate_run(gate.task), rows=10)
    said = review.store(sheet, filled(sheet, 2), "Anna B.")
    run = runs.get(gate.run_id)
    assert sheet.run_id == gate.run_id
    assert run.data.metrics["review_pass_rate"] == said.pass_rate.value == 0.8
    assert run.data.metrics["review_pass_rate_low"] == pytest.approx(
        0.4794, abs=1e-4
    )  # Agresti-Coull, 8 of 10
    files = {file.path for file in store.client().list_artifacts(gate.run_id, "gate/review")}
    assert files == {"gate/review/anna-b.csv", "gate/review/reviews.json"}
    (stored,) = review.reviews(gate.run_id)
    assert (stored["reviewer"], stored["pass_rate"]["n"], stored["comments"][0]["comment"]) == (
        "Anna B.",
        10,
        "odd",
    )
    assert json.loads(run.data.tags[review.TAG])[0]["reviewer"] == "Anna B."
    assert run.info.status == "FINISHED"


def test_the_data_docs_show_every_reviewer_once(gate: StageRun, tmp_path: Path) -> None:
    sheet = review.sheet(gate.task, gate.run_id, rows=10)
    for name, rejected in (("Anna", 2), ("<b>Ben</b>", 0), ("Anna", 1)):
        review.store(sheet, filled(sheet, rejected), name)
    page = (runs.fetch(gate.run_id, "gate", tmp_path) / "data_docs.html").read_text(encoding="utf-8")
    assert page.count("<h2>Reviews</h2>") == page.count("<td>Anna</td>") == 1
    assert "<td>&lt;b&gt;Ben&lt;/b&gt;</td>" in page
    assert "90.0% of 10" in page
    assert [one["reviewer"] for one in review.reviews(gate.run_id)] == ["<b>Ben</b>", "Anna"]


def test_a_run_is_named_by_how_its_id_begins_and_another_is_refused(gate: StageRun) -> None:
    assert review.gate_run(gate.task, gate.run_id[:6]) == gate.run_id
    with pytest.raises(UserError, match="'nonsense' names 0 finished gate runs"):
        review.gate_run(gate.task, "nonsense")


def test_without_a_gate_there_is_nothing_to_review(home: Path) -> None:
    with pytest.raises(UserError, match="run the gate first"):
        review.gate_run(load_task(write_tiny(home / "task")))


def test_a_review_needs_a_name_and_a_row(gate: StageRun) -> None:
    sheet = review.sheet(gate.task, gate.run_id, rows=10)
    with pytest.raises(UserError, match="name of its reviewer"):
        review.store(sheet, filled(sheet, 0), " ")
    with pytest.raises(UserError, match="ask for 1 or more"):
        review.sheet(gate.task, gate.run_id, rows=0)
    assert review.reviews(gate.run_id) == []
