"""Files that are code: one's own run, those that lie among the files of the record don't."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.stages.tiny_task import write_tiny
from veritrain_lib.core import project
from veritrain_lib.core.errors import Refused
from veritrain_lib.core.task import load_task
from veritrain_lib.execution.prepared_notebook import PreparedNotebook
from veritrain_lib.quality.custom_rules import load_custom_rules
from veritrain_lib.quality.suite import load_suite

RULE = "import pathlib\npathlib.Path({canary!r}).touch()\n\ndef mine(rows, context):\n    return rows['id'].map(lambda _: '')\n"


@pytest.fixture
def kept(home: Path) -> Path:
    """A folder among the files of the record."""
    folder = home / "mlruns" / "tiny" / "run" / "artifacts"
    folder.mkdir(parents=True)
    return folder


def test_ones_own_rule_beside_ones_own_task_runs(home: Path) -> None:
    file = write_tiny(home / "task", gate_rules=["rule.py"])
    (file.parent / "rule.py").write_text(RULE.format(canary=str(home / "ran")))
    assert load_custom_rules(load_task(file)) == ["mine"]
    assert (home / "ran").exists()


def test_a_rule_among_the_files_of_the_record_is_refused_by_whatever_way_it_is_named(
    home: Path, kept: Path
) -> None:
    (kept / "rule.py").write_text(RULE.format(canary=str(home / "ran")))
    (home / "task").mkdir()
    (home / "task" / "link.py").symlink_to(kept / "rule.py")
    (home / "folder").symlink_to(kept)
    names = [str(kept / "rule.py"), "../mlruns/tiny/run/artifacts/rule.py", "link.py", "../folder/rule.py"]
    for name in names:
        task = load_task(write_tiny(home / "task", gate_rules=[name]))
        with pytest.raises(Refused, match=r"gate_rules: .* lies among the files of the record"):
            load_custom_rules(task)
    assert not (home / "ran").exists()


def test_task_files_suites_and_notebooks_of_the_record_are_refused(home: Path, kept: Path) -> None:
    task = write_tiny(kept / "task")
    with pytest.raises(Refused, match=r"the task file task.yaml is not opened"):
        load_task(task)
    shutil.copy(next(project.gates().glob("*.json")), kept / "suite.json")
    with pytest.raises(Refused, match=r"the gate suite suite.json is not opened"):
        load_suite(kept / "suite.json")
    (kept / "notebook.ipynb").write_text(json.dumps({"cells": [], "metadata": {}, "nbformat": 4}))
    with pytest.raises(Refused, match=r"the notebook notebook.ipynb is not opened"):
        PreparedNotebook(kept / "notebook.ipynb", home / "out.ipynb", {})
