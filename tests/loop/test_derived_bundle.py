"""A derived task travels: its copy on another machine is the same work, by whatever names its files are stored there."""

from __future__ import annotations

from pathlib import Path

from tests.stages.tiny_task import write_tiny
from veritrain_lib.core.task import load_task
from veritrain_lib.loop import task_bundle
from veritrain_lib.stages.inputs.derived_task import content_of, is_derived, with_content, with_trainer
from veritrain_lib.tracking.state import files


def test_the_copy_of_a_derived_task_has_its_digest_and_its_rows(home: Path, tmp_path: Path) -> None:
    derived = with_trainer(load_task(write_tiny(home / "tiny")), {"C": 8.0})
    assert is_derived(derived)
    files.fetch_bundle(task_bundle.store_task(derived), tmp_path / "elsewhere")
    copy = load_task(tmp_path / "elsewhere" / task_bundle.TASK_FILE)
    assert copy.digest() == derived.digest()
    assert copy.trainer.parameters["C"] == 8.0
    kinds = ("seed", "development", "test", "pool")
    assert copy.data_digest(*kinds) == derived.data_digest(*kinds)


def test_other_settings_have_another_digest_and_equal_ones_of_the_original_the_same(home: Path) -> None:
    task = load_task(write_tiny(home / "tiny"))
    digests = {with_trainer(task, {"C": value}).digest() for value in (4.0, 8.0)}
    assert len(digests | {task.digest()}) == 3
    content = content_of(task)
    content["data"] = {
        kind: str(task.path.parent / name) if isinstance(name, str) else name
        for kind, name in content["data"].items()
    }
    moved = with_content(task, content)
    assert is_derived(moved)
    assert moved.digest() == task.digest()
