"""Every cell of every notebook, in the order of the loop, on a small task and in this process: a kernel would add a minute.

`test_notebooks_run.py` (slow) does the same on the built-in example by nbval, with real kernels.
"""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import pytest

from tests.stages.tiny_task import write_tiny
from veritrain_lib.core.task import load_task
from veritrain_lib.tracking import runs

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"


def shown(value: Any) -> str:
    """What a notebook shows of a value: its HTML if it has some, else its text."""
    if hasattr(value, "_repr_html_"):
        return value._repr_html_() or repr(value)
    return repr(value)


def run_cells(path: Path, **given: Any) -> dict[str, Any]:
    """Run a notebook's cells as a kernel does: the parameters, then each cell, whose last expression is shown."""
    namespace: dict[str, Any] = {"In": [], "display": lambda *values: [shown(value) for value in values]}
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] != "code":
            continue
        tree = ast.parse("".join(cell["source"]))
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, str(path), "exec"), namespace)
        if "parameters" in cell["metadata"].get("tags", []):
            namespace.update(given)
        if last is not None:
            assert isinstance(last, ast.Expr)
            value = eval(compile(ast.Expression(last.value), str(path), "eval"), namespace)
            text = shown(value)
            for output in cell["outputs"]:
                assert "".join(output["data"]["text/plain"]) == text, cell["source"]
    return namespace


def found_sweep(task_file: Path) -> Path:
    """A sweep of one cell, whose stages the notebooks before it have done: it needs no kernel."""
    file = task_file.with_name("found.yaml")
    file.write_text("task: task.yaml\nrounds: 0\ngrid: {seed: [0]}\n", encoding="utf-8")
    return file


def test_every_cell_of_every_notebook_runs_in_the_order_of_the_loop(home: Any) -> None:
    task = load_task(write_tiny(home.path / "task"))
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        given: dict[str, Any] = {"task": str(task.path)}
        if path.stem[:2].isdigit() and path.stem != "00_overview":
            given["run_upstream"] = True
        if path.stem == "sweep":
            given["sweep"] = str(found_sweep(task.path))
        namespace = run_cells(path, **given)
        assert namespace["task"] == str(task.path)
    statuses = {run.info.status for run in runs.search(task)}
    assert statuses == {"FINISHED"}
    stages = {run.data.tags.get("veritrain.stage") for run in runs.search(task)}
    assert {"probe", "generate", "gate", "train", "evaluate", "report"} <= stages
    assert not any("veritrain.edited" in run.data.tags for run in runs.search(task))


def test_a_cell_whose_output_is_compared_is_found_out_when_it_says_something_else(tmp_path: Path) -> None:
    cell = {
        "cell_type": "code", "metadata": {}, "source": ["1 + 1 == 3"],
        "outputs": [{"data": {"text/plain": ["True"]}}],
    }  # fmt: skip
    (tmp_path / "wrong.ipynb").write_text(json.dumps({"cells": [cell]}), encoding="utf-8")
    with pytest.raises(AssertionError):
        run_cells(tmp_path / "wrong.ipynb")
