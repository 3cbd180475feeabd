"""MLflow keeps Japanese as it is: tags, parameters, notes, tables, datasets, and nothing is escaped for people."""

from __future__ import annotations

import json
from pathlib import Path

from tests.stages.tiny_task import write_tiny
from tests.tracking.test_datasets import stored, table
from veritrain_lib.core.rows import read_examples
from veritrain_lib.core.task import Task, load_task
from veritrain_lib.tracking import artifacts, datasets, runs, store

TEXT = "請求書の金額が間違っています。～①㈱「」"


def test_tags_parameters_and_notes_of_a_run_are_read_back_as_written(task: Task) -> None:
    run = runs.open_run(task, TEXT, kind="stage")
    runs.log(run, parameters={"glossary": TEXT}, tags={"veritrain.headline": TEXT})
    runs.note(run, f"# {TEXT}")
    runs.end_run(run, "FAILED", TEXT)
    found = store.client().get_run(run)
    assert found.info.run_name == TEXT
    assert found.data.params["glossary"] == TEXT
    assert [found.data.tags[f"veritrain.{name}"] for name in ("headline", "reason")] == [TEXT, TEXT]
    assert found.data.tags["mlflow.note.content"] == f"# {TEXT}"


def test_metrics_may_be_named_by_a_japanese_slice(task: Task) -> None:
    run = runs.open_run(task, "measured", kind="stage")
    runs.log(run, metrics={"chrf/話者 営業": 61.5})
    assert store.client().get_run(run).data.metrics == {"chrf/話者 営業": 61.5}


def test_a_dataset_keeps_its_rows_and_the_names_of_its_columns(task: Task) -> None:
    rows = table(TEXT).assign(話者="営業")
    made = stored(task, rows)
    assert datasets.load(task, made.reference).rows[["text", "話者"]].values.tolist() == [[TEXT, "営業"]]
    user = runs.open_run(task, "uses it", kind="stage")
    datasets.log_input(user, made, "training")
    (given,) = store.client().get_run(user).inputs.dataset_inputs
    assert "話者" in given.dataset.schema, "the UI shows the schema as text"


def test_a_table_of_a_run_is_read_back_as_written(task: Task, tmp_path: Path) -> None:
    run = runs.open_run(task, "table", kind="stage")
    artifacts.log_table(run, table(TEXT), "言語.json")
    found = json.loads(artifacts.fetch(run, "言語.json", tmp_path).read_text(encoding="utf-8"))
    assert TEXT in found["data"][0]


def test_the_provenance_of_a_row_names_a_japanese_file(home: Path) -> None:
    task = load_task(write_tiny(home / "task"))
    file = home / "通訳.csv"
    file.write_text(f"text,label\n{TEXT},{task.labels[0]}\n", encoding="utf-8")
    assert '"通訳.csv"' in read_examples(task, file, "human")["provenance"][0]
