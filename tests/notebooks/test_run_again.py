"""By hand: a cell run twice, a kernel restarted, a notebook gone through again. Work is done once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from tests.small_task import write_task

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"


@pytest.fixture(scope="module")
def passed(home: Any) -> str:
    """A task with a dataset that passed; gives the task file."""
    from veritrain_lib.stages.inputs import sources
    from veritrain_lib.stages.inputs.tasks import find_task
    from veritrain_lib.tracking import datasets, runs

    task = find_task(str(write_task(home.path / "task")))
    run = runs.open_run(task, "seed", kind="data")
    datasets.save(task, run, sources.seed_rows(task), status="passed", parent=None)
    runs.end_run(run, "FINISHED")
    return str(task.path)


class Session:
    """A notebook open in a living kernel, its cells run one by one as a person does."""

    def __init__(self, client: NotebookClient) -> None:
        self._client = client

    def cells(self) -> list[Any]:
        return [cell for cell in self._client.nb.cells if cell.cell_type == "code"]

    def run(self, cell: Any) -> str:
        """Run a cell; gives the text of what it shows."""
        self._client.execute_cell(cell, self._client.nb.cells.index(cell))
        shown = [out.get("data", {}).get("text/plain", "") + out.get("text", "") for out in cell.outputs]
        return "\n".join(shown)


@contextmanager
def opened(name: str, home: Any, *, kernel: str = "veritrain", **given: Any) -> Iterator[Session]:
    """Open a notebook, its parameters typed into the parameters cell, with a fresh kernel.

    Ours is warm, and is ready at once; Python's own imports everything anew.
    """
    notebook = nbformat.read(NOTEBOOKS / f"{name}.ipynb", 4)
    cell = next(cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", []))
    cell.source += "".join(f"\n{key} = {value!r}" for key, value in given.items())
    client = NotebookClient(
        notebook, timeout=300, kernel_name=kernel, resources={"metadata": {"path": str(home.path)}}
    )
    with client.setup_kernel(env=home.environment):
        yield Session(client)


@pytest.mark.slow
def test_each_cell_run_twice_does_the_work_once(home: Any, passed: str) -> None:
    runs, versions = home.runs("train"), home.model_versions()
    with opened("04_train", home, task=passed, seed=5) as session:
        said = [text for cell in session.cells() for text in (session.run(cell), session.run(cell))]
    assert said[-1] == said[-2]
    assert "filed, run" in said[-1]
    assert home.runs("train") == [*runs, "FINISHED"]
    assert home.model_versions() == versions + 1


@pytest.mark.slow
def test_a_restarted_kernel_shows_the_stored_work(home: Any, passed: str) -> None:
    said, counts = [], []
    for _ in range(2):
        with opened("04_train", home, task=passed, seed=6) as session:
            said.append([session.run(cell) for cell in session.cells()])
            counts.append((len(home.runs("train")), home.model_versions()))
    assert "filed, run" in said[0][-1]
    assert "shown from the record, nothing was done twice" in said[1][-1]
    assert said[0][-2] == said[1][-2]
    assert counts[0] == counts[1]


@pytest.mark.slow
def test_a_kernel_that_dies_before_the_end_is_told_at_the_next_start(home: Any, passed: str) -> None:
    runs, versions = home.runs("train"), home.model_versions()
    with opened("04_train", home, task=passed, seed=7) as session:
        for cell in session.cells()[:-1]:
            session.run(cell)
    assert home.runs("train") == [*runs, "RUNNING"]
    with opened("04_train", home, task=passed, seed=7) as session:
        for cell in session.cells():
            session.run(cell)
    assert home.runs("train") == [*runs, "KILLED", "FINISHED"]
    assert home.model_versions() == versions + 1


@pytest.mark.slow
def test_going_back_to_the_first_cell_leaves_no_run_open(home: Any, passed: str) -> None:
    with opened("04_train", home, kernel="python3", task=passed, seed=8) as session:
        parameters, begin, rows, trainer, run, *_, close = session.cells()
        before = (parameters, begin, rows, trainer, run)
        for cell in (*before, *before, close):
            session.run(cell)
        assert "RUNNING" not in home.runs("train")


@pytest.mark.slow
def test_a_mistake_in_a_later_cell_once_mended_does_not_spoil_the_run(home: Any, passed: str) -> None:
    with opened("04_train", home, task=passed, seed=9) as session:
        parameters, begin, rows, trainer, run, shown, *_, close = session.cells()
        for cell in (parameters, begin, rows, trainer, run):
            session.run(cell)
        good, shown.source = shown.source, "result.typo"
        with pytest.raises(Exception, match="typo"):
            session.run(shown)
        assert home.runs("train")[-1] == "FAILED"
        shown.source = good
        session.run(shown)
        session.run(close)
        assert home.runs("train")[-1] == "FINISHED"


@pytest.mark.slow
def test_a_limit_changed_in_a_cell_is_in_the_record_and_the_same_cell_is_done_once(
    home: Any, passed: str
) -> None:
    runs = home.runs("gate")
    changed = [
        "rules = rules.with_limit('near_duplicate', 0.02)", "rules = rules.with_limit('near_duplicate', 0.03)"
    ]  # fmt: skip
    with opened("03_gate", home, task=passed, dataset="seed") as session:
        cells = session.cells()
        [rules] = [cell for cell in cells if cell.source.startswith("rules = stage.suite")]
        for source in ("", *changed):
            rules.source = f"rules = stage.suite\n{source}"
            said = [session.run(cell) for cell in (*cells, cells[4], cells[-1])]
            assert ("edited: suite: near_duplicate 0.1 -> 0.0" in said[-1]) == bool(source)
            assert said[-1] == said[-3]
    assert home.runs("gate") == [*runs, *["FINISHED"] * 3]
