"""The overview of a task: true on an empty store, after stages by hand, after rounds, and harmless."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from tests.small_task import write_task
from veritrain_lib.core.task import Task
from veritrain_lib.stages.generate.annotation import queue_for_annotation
from veritrain_lib.stages.inputs import sources
from veritrain_lib.stages.inputs.tasks import find_task
from veritrain_lib.stages.record.history import STAGE_RUN
from veritrain_lib.stages.record.upstream import run_upstream
from veritrain_lib.tracking import datasets, looks, models, runs
from veritrain_lib.ui.overview import TaskOverview, overview


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("overview")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VERITRAIN_HOME", str(folder))
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        yield folder


@pytest.fixture(scope="module")
def untouched(home: Path) -> Task:
    """A task on which nothing was done."""
    return find_task(str(write_task(home / "untouched", "untouched")))


@pytest.fixture(scope="module")
def worked(home: Path) -> Task:
    """A task with a seed model, a round that trained another, a look and a row that waits."""
    task = find_task(str(write_task(home / "worked", "worked")))
    seed = sources.seed_rows(task)
    loop = runs.open_run(task, "loop worked", kind="loop")
    for number, rows in enumerate((seed, pd.concat([seed, _pool(task)], ignore_index=True))):
        this = runs.open_run(
            task, f"round {number}", kind="round", parent=loop, tags={"veritrain.round": str(number)}
        )
        data = runs.open_run(task, "gate", kind="stage", parent=this)
        made = datasets.save(task, data, rows, status="passed", parent=None)
        runs.end_run(data, "FINISHED")
        for stage, given in (
            ("train", {"dataset": made.reference}),
            ("probe", {"model": f"models:/worked/{number + 1}"}),
        ):
            _, run = run_upstream(task, stage, round_run=this, **given)
            runs.tag(this, {STAGE_RUN + stage: run})
        runs.end_run(this, "FINISHED")
    models.set_alias(task, 1, models.CHAMPION)
    looks.record_look(task, sources.held_out_set(task), "a", "b", limit=5)
    queue_for_annotation(task, pd.DataFrame({"id": ["one"], "text": ["hello"], "label": [""]}))
    return task


def _pool(task: Task) -> pd.DataFrame:
    from veritrain_lib.core.rows import read_examples

    return read_examples(task, task.path.parent / "pool.csv", "pool").head(50)


def value(found: TaskOverview, what: str) -> str:
    return str(found.state.set_index("what").loc[what, "value"])


def test_an_empty_store_is_told_in_words(untouched: Task) -> None:
    found = overview(str(untouched.path))
    assert value(found, "champion") == value(found, "challenger") == value(found, "data") == "none yet"
    assert value(found, "looks") == "0 of 5 looks at the held-out test set used"
    assert "veritrain loop untouched" in value(found, "next")
    assert len(found.rounds) == 0
    assert "No run yet" in found.links()._repr_html_()
    assert "what can the" in _texts(found)


def test_looking_does_nothing(untouched: Task) -> None:
    found = overview(str(untouched.path))
    found.picture()
    found.links()
    assert runs.search(untouched) == []
    assert models.listing(untouched) == []


def test_the_state_names_models_data_looks_and_people(worked: Task) -> None:
    found = overview("worked")
    accuracy = runs.get(models.describe(worked, "models:/worked/1").run_id).data.metrics["accuracy"]
    assert value(found, "champion").startswith(
        f"models:/worked/1, trained on worked@1: development accuracy {accuracy:.3f} ("
    )
    assert value(found, "challenger").startswith("models:/worked/2")
    assert value(found, "data") == "2 versions (2 passed); newest worked@2, passed"
    assert value(found, "looks") == "1 of 5 looks at the held-out test set used"
    assert value(found, "people") == "1 row is waiting for an answer: label.ipynb"
    assert value(found, "loop") == "running"
    assert value(found, "next").startswith("answer the waiting rows")


def test_rounds_are_those_of_the_newest_loop(worked: Task) -> None:
    rounds = overview("worked").rounds
    assert rounds["round"].tolist() == [0, 1]
    assert rounds["rows"].tolist() == [9, 59]
    assert rounds["model"].tolist() == ["models:/worked/1", "models:/worked/2"]


def test_the_picture_tells_the_last_round(worked: Task) -> None:
    shown = _texts(overview("worked"))
    assert "worked: round 1" in shown
    assert "59 rows," in shown
    assert "v1 now" in shown


def test_links_lead_to_each_run_in_the_ui_and_to_its_files(worked: Task, home: Path) -> None:
    run = models.describe(worked, "models:/worked/2").run_id
    notebook = home / "04_train.html"
    notebook.write_text("executed", encoding="utf-8")
    runs.log_file(run, notebook, "notebook")
    page = overview("worked").links()._repr_html_()
    experiment = runs.get(run).info.experiment_id
    assert f'href="http://127.0.0.1:5000/#/experiments/{experiment}/runs/{run}"' in page
    linked = re.search(r'href="(file://[^"]*04_train\.html)"', page)
    assert linked is not None
    assert Path(linked[1].removeprefix("file://")).read_text(encoding="utf-8") == "executed"


def test_the_newest_report_is_linked_also_when_the_last_round_made_none(worked: Task, home: Path) -> None:
    run = runs.open_run(
        worked, "round 0 · report", kind="stage", parent="gone", tags={"veritrain.stage": "report"}
    )
    page = home / "report.html"
    page.write_text("report", encoding="utf-8")
    runs.log_file(run, page, "report")
    runs.end_run(run, "FINISHED")
    assert "report.html</a>" in overview("worked").links()._repr_html_()


def test_links_are_relative_for_a_notebook_inside_the_project(
    worked: Task, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "notebooks").mkdir(exist_ok=True)
    monkeypatch.chdir(home / "notebooks")
    page = overview("worked").links()._repr_html_()
    linked = re.search(r'href="(\.\./mlruns/[^"]*04_train\.html)"', page)
    assert linked is not None
    assert (home / "notebooks" / linked[1]).resolve().is_file()


def test_texts_of_the_record_are_escaped(worked: Task) -> None:
    run = runs.open_run(worked, "<script>alert(1)</script>", kind="stage")
    page = overview("worked").links()._repr_html_()
    runs.end_run(run, "FAILED")
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "<script>" not in overview("worked")._repr_html_()


def _texts(found: TaskOverview) -> str:
    from matplotlib.text import Text

    texts = [text.get_text() for text in found.picture().findobj(Text) if isinstance(text, Text)]
    return " ".join(" ".join(texts).split())
