"""The engine runs the committed notebooks as the loop's own work, and refuses one that was saved with a change."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

from tests.stages.tiny_task import write_tiny
from veritrain_lib.core.errors import Refused
from veritrain_lib.core.task import load_task
from veritrain_lib.loop import stage_job
from veritrain_lib.loop.stage_job import find_completed, notebook_of, run_stage
from veritrain_lib.stages.record.stage_run import prepare
from veritrain_lib.tracking import datasets, runs


@pytest.mark.slow
def test_a_command_does_the_tasks_own_work_and_no_other(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    task = load_task(write_tiny(home / "task"))
    committed = notebook_of("gate")
    notebook = nbformat.read(committed, 4)
    [cell] = [cell for cell in notebook.cells if cell.source.startswith("rules = stage.suite")]
    cell.source = "rules = stage.suite.with_limit('exact_duplicate', 0.02)"
    folder = home / "changed"
    folder.mkdir()
    nbformat.write(notebook, folder / committed.name)
    with monkeypatch.context() as edited:
        edited.setattr(stage_job, "notebook_of", lambda stage: folder / committed.name)
        with pytest.raises(Refused, match=r"saved with a change \(suite: exact_duplicate 0\.5 -> 0\.02\)"):
            run_stage(task, "gate", {"dataset": "seed"})
    [refused] = runs.search(task)
    assert refused.info.status == "FAILED"
    assert "was saved with a change" in refused.data.tags["veritrain.reason"]
    assert datasets.listing(task) == []
    assert find_completed(task, "gate", {"dataset": "seed"}) is None

    done = run_stage(task, "gate", {"dataset": "seed"})
    tags = runs.get(done.run_id).data.tags
    own = prepare("gate", {"task": str(task.path), "dataset": "seed"}, inner=True).digest
    assert (tags["veritrain.digest"], "veritrain.edited" in tags) == (own, False)
    assert runs.get(done.run_id).info.status == "FINISHED"
