"""What `execute_notebook` takes, refuses and tells while it runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import nbformat
import pytest

from tests.execution.zoo_of_notebooks import ROOT, ZOO, marked
from veritrain_lib.execution import Job, LocalRunner, NotebookProgress, ParameterError, execute_notebook

pytestmark = pytest.mark.timeout(400)


def test_parameters_reach_the_notebook_as_they_are(run, marks: Path) -> None:
    given = {
        "seed": 7,
        "rate": 1,
        "task": "007",
        "dry": True,
        "limit": None,
        "slices": ["日本語", "it's"],
        "mode": "full",
        "plain": -1,
    }

    outcome = run("parameters", given)

    assert outcome.ok
    assert json.loads((marks / "values.json").read_text()) == given
    assert outcome.cells_total == 3  # the injected cell counts


@pytest.mark.parametrize("given", [{"sed": 1}, {"seed": "1"}, {"dry": 1}])
def test_wrong_parameters_are_refused_before_anything_starts(run, marks: Path, tmp_path, given) -> None:
    with pytest.raises(ParameterError):
        run("parameters", given)

    assert marked(marks) == set()
    assert not (tmp_path / "out").exists()


def test_a_path_with_braces_is_a_path(marks: Path, tmp_path: Path) -> None:
    out = tmp_path / "{task} {0} 日本" / "out {}.ipynb"

    assert execute_notebook(ZOO / "good.ipynb", out).executed == out
    assert out.is_file()


def test_the_notebook_itself_is_never_overwritten(tmp_path: Path) -> None:
    notebook, link = tmp_path / "a.ipynb", tmp_path / "b.ipynb"
    notebook.write_bytes((ZOO / "good.ipynb").read_bytes())
    link.symlink_to(notebook)
    os.link(notebook, tmp_path / "c.ipynb")

    for out in (notebook, link, tmp_path / "c.ipynb"):
        with pytest.raises(ValueError, match="is the notebook itself"):
            execute_notebook(notebook, out)


def test_what_can_not_be_run_is_refused(tmp_path: Path) -> None:
    out = tmp_path / "out.ipynb"
    (tmp_path / "text.ipynb").write_text("not a notebook")
    (tmp_path / "data.ipynb").write_text('{"rows": []}')
    with pytest.raises(FileNotFoundError, match=r"There is no notebook .*nosuch\.ipynb"):
        execute_notebook(tmp_path / "nosuch.ipynb", out)
    with pytest.raises(ValueError, match="not a Jupyter notebook"):
        execute_notebook(tmp_path / "text.ipynb", out)
    with pytest.raises(ValueError, match="not a Jupyter notebook"):
        execute_notebook(tmp_path / "data.ipynb", out)
    with pytest.raises(ValueError, match="There is no kernel 'nosuch' on this machine"):
        execute_notebook(ZOO / "good.ipynb", out, kernel_name="nosuch")
    with pytest.raises(ValueError, match="above 0"):
        execute_notebook(ZOO / "good.ipynb", out, cell_timeout_s=0)
    assert not out.exists()


def test_an_old_result_does_not_survive_a_new_run(run) -> None:
    run("good")
    second = run("good", environment={"MARKS": "/nosuch"})

    assert second.status == "failed"
    assert nbformat.read(second.executed, 4).cells[3].outputs == []


def test_an_executed_notebook_run_again_forgets_its_old_parameters(run, marks: Path, tmp_path: Path) -> None:
    first = run("parameters", {"seed": 7})

    second = execute_notebook(first.executed, tmp_path / "again.ipynb")

    assert json.loads((marks / "values.json").read_text())["seed"] == 0
    assert nbformat.read(second.executed, 4).metadata.papermill.parameters == {}


def test_a_kernel_that_does_not_start_is_told(run, monkeypatch, tmp_path) -> None:
    (tmp_path / "ipykernel").mkdir()
    (tmp_path / "ipykernel" / "__init__.py").write_text("raise ImportError('no such library')")

    outcome = run("good", environment={"PYTHONPATH": str(tmp_path)})

    assert (outcome.status, outcome.failed_cell, outcome.cells_run) == ("died", None, 0)
    assert outcome.error == (
        "KernelDied: the kernel did not start: the kernel process exited with code 1. "
        "Its last line: ImportError: no such library"
    )
    assert {cell.metadata.papermill.status for cell in nbformat.read(outcome.executed, 4).cells} == {
        "pending"
    }


def test_a_kernel_that_never_answers_is_given_up(run, monkeypatch, tmp_path) -> None:
    (tmp_path / "ipykernel").mkdir()
    (tmp_path / "ipykernel" / "__init__.py").write_text("import time; time.sleep(600)")
    monkeypatch.setattr("veritrain_lib.execution.cell_runner.START_TIMEOUT_S", 1.0)
    monkeypatch.setattr("veritrain_lib.fast.warm.zygote.START_TIMEOUT_S", 1.0)

    outcome = run("good", environment={"PYTHONPATH": str(tmp_path)})

    assert outcome.status == "died"
    assert outcome.error == "KernelDied: the kernel did not start: no answer within 1 s."


def test_a_folder_that_is_not_there_is_told(run, tmp_path) -> None:
    outcome = run("good", cwd=tmp_path / "nosuch")

    assert outcome.status == "died"
    assert outcome.error is not None
    assert "No such file or directory" in outcome.error


def test_progress_comes_before_each_cell_in_the_calling_thread(run) -> None:
    seen: list[NotebookProgress] = []
    threads: set[threading.Thread] = set()

    def note(progress: NotebookProgress) -> None:
        seen.append(progress)
        threads.add(threading.current_thread())

    run("good", on_progress=note)

    assert [(p.cell, p.cells, p.title_of_cell) for p in seen] == [
        (1, 3, "Every cell runs"),
        (2, 3, "A picture of numbers"),
        (3, 3, "A picture of numbers"),
    ]
    assert [p.seconds for p in seen] == sorted(p.seconds for p in seen)
    assert threads == {threading.current_thread()}


def test_a_job_is_run_here_and_hides_its_environment(marks: Path, tmp_path: Path, warm: bool) -> None:
    job = Job(
        "probe", ZOO / "tells_environment.ipynb", tmp_path / "out.ipynb", environment={"GREETING": "sesame"}
    )

    runner = LocalRunner(warm=warm)
    assert [outcome.ok for outcome in runner.run([job])] == [True]
    runner.finish()
    assert (marks / "facts").read_text().startswith("sesame\n")
    assert "sesame" not in repr(job)


def test_four_runs_at_once(marks: Path, tmp_path: Path, warm: bool) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(4) as pool:
        outcomes = pool.map(
            lambda i: execute_notebook(ZOO / "good.ipynb", tmp_path / f"{i}.ipynb", warm=warm), range(4)
        )

    assert [outcome.status for outcome in outcomes] == ["finished"] * 4


def test_importing_the_package_loads_neither_papermill_nor_jupyter() -> None:
    program = (
        "import sys, veritrain_lib.execution; "
        "print({'papermill', 'nbclient', 'nbconvert', 'nbformat', 'zmq'} & set(sys.modules))"
    )
    said = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=True
    )

    assert said.stdout == "set()\n"
