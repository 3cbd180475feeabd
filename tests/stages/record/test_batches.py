"""A batch is what one gate added; it can be taken out and put back, each time as a new version."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from tests.stages.conftest import Do
from veritrain_lib.core.errors import Refused, UserError
from veritrain_lib.core.task import Task
from veritrain_lib.stages.inputs.defaults import resolve_passed_dataset
from veritrain_lib.stages.record.batches import BATCH, batches_of, current, drop_batch, lineage
from veritrain_lib.stages.record.stored_result import load_result
from veritrain_lib.tracking import datasets, runs


def rows_of(task: Task, reference: str) -> pd.DataFrame:
    return datasets.load(task, reference).rows


def test_a_batch_is_the_rows_that_the_gate_added_to_the_starting_rows(gated: Task) -> None:
    batches = batches_of(lineage(gated, datasets.load(gated, "tiny@3")))
    assert list(batches) == ["tiny@3"]
    assert batches["tiny@3"] == set(rows_of(gated, "tiny@3")["id"]) - set(rows_of(gated, "tiny@1")["id"])
    assert batches_of(lineage(gated, datasets.load(gated, "tiny@1"))) == {}


def test_taken_out_the_next_training_is_without_its_rows_and_the_removal_is_on_record(gated: Task) -> None:
    removal = drop_batch(gated, "3")
    assert (removal.batch, removal.before, removal.after, removal.rows) == ("tiny@3", "tiny@3", "tiny@4", 15)
    assert resolve_passed_dataset(gated, "").reference == "tiny@4"
    assert current(gated, "tiny@3") == "tiny@4"
    assert current(gated, "tiny@1") == "tiny@1"
    assert rows_of(gated, "tiny@4")["id"].tolist() == rows_of(gated, "tiny@1")["id"].tolist()
    run = runs.get(datasets.load(gated, "tiny@4").made_by or "")
    assert (run.data.tags[BATCH], run.info.status) == ("tiny@3", "FINISHED")
    with pytest.raises(UserError, match="was taken out before; to put it back: veritrain drop-batch tiny@3"):
        drop_batch(gated, "tiny@3")


def test_put_back_all_its_rows_are_there_again(gated: Task) -> None:
    with pytest.raises(UserError, match="nothing to put back"):
        drop_batch(gated, "tiny@3", undo=True)
    before = rows_of(gated, "tiny@3")
    drop_batch(gated, "tiny@3")
    back = drop_batch(gated, "tiny@3", undo=True)
    assert current(gated, "tiny@3") == back.after == "tiny@5"
    pd.testing.assert_frame_equal(
        rows_of(gated, "tiny@5").sort_values("id", ignore_index=True),
        before.sort_values("id", ignore_index=True),
    )


def test_rows_that_were_taken_out_are_not_chosen_again(gated: Task, do: Do) -> None:
    removed = set(rows_of(gated, "tiny@3")["id"]) - set(rows_of(gated, "tiny@1")["id"])
    drop_batch(gated, "tiny@3")
    do("generate", gated)
    draft = datasets.latest(gated, "draft")
    assert draft is not None
    assert draft.parent == "tiny@4"
    assert not removed & set(draft.rows["id"])


def test_an_unknown_batch_is_refused_with_those_that_there_are(gated: Task) -> None:
    with pytest.raises(UserError, match="no batch 'tiny@9'; batches: tiny@3"):
        drop_batch(gated, "tiny@9")


def test_while_a_loop_runs_nothing_is_taken_out(gated: Task) -> None:
    running = runs.open_run(gated, "loop", kind="loop")
    with pytest.raises(Refused, match="a loop of task tiny is running"):
        drop_batch(gated, "tiny@3")
    runs.end_run(running, "FINISHED")
    assert drop_batch(gated, "tiny@3").rows == 15


def test_the_report_has_a_line_for_the_batch_and_compares_it_with_random_rows(
    gated: Task, do: Do, tmp_path: Path
) -> None:
    do("train", gated, dataset="tiny@3")
    do("evaluate", gated)
    run_id = do("report", gated).run_id
    table = load_result("report", run_id).tables["batches"]
    assert table["batch"].tolist() == ["tiny@3", "all batches"]
    assert table["rows"].tolist() == [15, 15]
    assert table["against_random"].notna().tolist() == [True, False]
    page = (runs.fetch(run_id, "report", tmp_path) / "report.html").read_text(encoding="utf-8")
    assert "Which rows made it better" in page
