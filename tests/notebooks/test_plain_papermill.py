"""Plain papermill, which knows nothing of us, is as truthful as our own engine."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.small_task import write_task

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"


@pytest.fixture(scope="module")
def draft(home: Any) -> str:
    """A task with a draft dataset that the gate can judge; gives the task file."""
    from veritrain_lib.stages.inputs import sources
    from veritrain_lib.stages.inputs.tasks import find_task
    from veritrain_lib.tracking import datasets, runs

    task = find_task(str(write_task(home.path / "task", seed_rows=12)))
    run = runs.open_run(task, "drafts", kind="data")
    rows = sources.seed_rows(task)
    datasets.save(task, run, rows.iloc[::2], status="draft", parent=None)
    runs.end_run(run, "FINISHED")
    return str(task.path)


def papermill(home: Any, notebook: Path, *given: str) -> subprocess.Popen[str]:
    """Start `papermill NOTEBOOK out.ipynb ...` as a person types it."""
    out = home.path / f"out-{notebook.stem}.ipynb"
    command = [sys.executable, "-m", "papermill", "--no-progress-bar", str(notebook), str(out), *given]
    return subprocess.Popen(
        command, env=home.environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    _, said = process.communicate(timeout=300)
    return process.returncode, said


@pytest.mark.slow
def test_wrong_parameters_are_refused_before_anything_is_recorded(home: Any, draft: str) -> None:
    gate, before = NOTEBOOKS / "03_gate.ipynb", home.runs()
    unknown = papermill(home, gate, "-p", "task", draft, "-p", "datset", "small@2")
    code, said = ended(unknown)
    assert code != 0
    assert "Unknown parameter 'datset'. Did you mean 'dataset'?" in said
    code, said = ended(papermill(home, gate, "-p", "task", draft, "-p", "dataset", "2"))
    assert code != 0
    assert "'dataset' is 2 (int), but str is expected" in said
    assert home.runs() == before


@pytest.mark.slow
def test_good_parameters_make_a_finished_run_of_what_was_named(home: Any, draft: str) -> None:
    gate, before = NOTEBOOKS / "03_gate.ipynb", home.runs("gate")
    code, said = ended(papermill(home, gate, "-p", "task", draft, "-p", "dataset", "small@1"))
    assert code == 0, said[-3000:]
    assert home.runs("gate") == [*before, "FINISHED"]
    text = (home.path / "out-03_gate.ipynb").read_text(encoding="utf-8")
    assert "filed, run" in text
    from veritrain_lib.stages.inputs.tasks import find_task
    from veritrain_lib.tracking import runs

    [run] = runs.search(find_task(draft), "tags.`veritrain.stage` = 'gate'", limit=1)
    assert run.data.params["dataset"] == "small@1"


@pytest.mark.slow
def test_a_later_cell_that_fails_makes_the_run_failed_and_says_why(
    home: Any, draft: str, tmp_path: Path
) -> None:
    content = json.loads((NOTEBOOKS / "03_gate.ipynb").read_text(encoding="utf-8"))
    bad = {
        "cell_type": "code", "id": "bad", "metadata": {}, "outputs": [], "execution_count": None,
        "source": ["result.no_such_thing"],
    }  # fmt: skip
    content["cells"].insert(-2, bad)
    broken = tmp_path / "03_gate_broken.ipynb"
    broken.write_text(json.dumps(content), encoding="utf-8")
    before = home.runs("gate")
    code, said = ended(papermill(home, broken, "-p", "task", draft, "-p", "dataset", "small@2"))
    assert code != 0
    assert "no_such_thing" in said
    assert home.runs("gate") == [*before, "FAILED"]
    assert "no_such_thing" in home.reason("gate")
