"""Why there is an engine of our own: what papermill's default one says of the same notebooks.

If one of these begins to fail, papermill has been mended and code here may go.
"""

from __future__ import annotations

from pathlib import Path

import nbformat
import papermill
import pytest
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from papermill.exceptions import PapermillExecutionError

from tests.execution.zoo_of_notebooks import ZOO, marked, states
from veritrain_lib.execution.engine import register_engine

pytestmark = pytest.mark.timeout(400)


def test_it_calls_cells_completed_that_never_ran_on_a_dead_kernel(
    marks: Path,
    tmp_path,
) -> None:
    with pytest.raises(DeadKernelError):
        papermill.execute_notebook(ZOO / "os_exit.ipynb", tmp_path / "out.ipynb", progress_bar=False)

    assert "after" not in marked(marks)
    assert states(tmp_path / "out.ipynb") == ["completed"] * 4
    assert nbformat.read(tmp_path / "out.ipynb", 4).metadata.papermill.exception is None


def test_it_calls_cells_completed_that_never_ran_after_a_time_out(marks: Path, tmp_path) -> None:
    with pytest.raises(CellTimeoutError):
        papermill.execute_notebook(
            ZOO / "sleeps.ipynb", tmp_path / "out.ipynb", progress_bar=False, execution_timeout=1
        )

    assert "after" not in marked(marks)
    assert states(tmp_path / "out.ipynb") == ["completed"] * 4


def test_it_does_not_mind_sys_exit(marks: Path, tmp_path) -> None:
    papermill.execute_notebook(ZOO / "sys_exit.ipynb", tmp_path / "out.ipynb", progress_bar=False)

    assert marked(marks) == {"before"}


def test_it_raises_for_an_error_the_author_expects(marks: Path, tmp_path) -> None:
    with pytest.raises(PapermillExecutionError):
        papermill.execute_notebook(ZOO / "raises_expected.ipynb", tmp_path / "out.ipynb", progress_bar=False)

    assert marked(marks) == {"before", "after"}


@pytest.mark.parametrize("name", ["os_exit", "sys_exit", "capture_hides", "exit_call"])
def test_with_our_engine_plain_papermill_raises_and_tells_the_truth(marks: Path, tmp_path, name) -> None:
    register_engine()

    with pytest.raises(PapermillExecutionError) as caught:
        papermill.execute_notebook(
            ZOO / f"{name}.ipynb", tmp_path / "out.ipynb", engine_name="veritrain", progress_bar=False
        )

    assert marked(marks) == {"before"}
    assert caught.value.cell_index == 2
    assert states(tmp_path / "out.ipynb") == ["completed", "completed", "failed", "pending"]


def test_a_notebook_refuses_wrong_parameters_under_plain_papermill(
    marks: Path, tmp_path, monkeypatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    notebook, out = ZOO / "guards_itself.ipynb", tmp_path / "out.ipynb"

    papermill.execute_notebook(notebook, out, {"seed": 3, "task": "intent"}, progress_bar=False)
    assert marked(marks) == {"after"}
    (marks / "after").unlink()
    with pytest.raises(PapermillExecutionError, match=r"Unknown parameter 'sed'\. Did you mean 'seed'\?"):
        papermill.execute_notebook(notebook, out, {"sed": 3}, progress_bar=False)
    with pytest.raises(PapermillExecutionError, match=r"'task' is 7 \(int\), but str is expected"):
        papermill.execute_notebook(notebook, out, {"task": 7}, progress_bar=False)
    assert marked(marks) == set()
