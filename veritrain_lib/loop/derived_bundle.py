"""Files of a derived task for workers: a cell of a sweep, or an experiment with trainer parameters of its own.

Its task file names files by absolute paths of this machine. Here they get names inside the bundle, which a worker finds
beside its copy of the task file.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from veritrain_lib.tracking.state import files

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task

DATA_KINDS = ("seed", "development", "test", "pool", "labels")
"""Keys of `data` that name a file; that of the labels need not be there yet."""


def store_derived(task: Task, task_file: str) -> str:
    """Store the files of a derived task for workers, and return the digest of the bundle.

    Args:
        task: The derived task.
        task_file: Name of the task file in its bundle.
    """
    import yaml

    names: dict[str, str] = {}
    content = _renamed(yaml.safe_load(task.path.read_text(encoding="utf-8")), names)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "task.yaml"
        file.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")
        travelling = {name: Path(path) for path, name in names.items() if Path(path).is_file()}
        return files.store_bundle({task_file: file, **travelling})


def _renamed(original: Mapping[str, Any], names: dict[str, str]) -> dict[str, Any]:
    """Return the content of a task file with names of the bundle, where `stages/inputs/derived_task.py` put paths.

    Args:
        original: The content.
        names: Gets the name in the bundle of each path that was renamed.
    """
    content = dict(original)
    content["data"] = {
        kind: _name_of(value, names) if kind in DATA_KINDS and isinstance(value, str) else value
        for kind, value in content["data"].items()
    }
    content["gate_rules"] = [_name_of(path, names) for path in content.get("gate_rules", [])]
    content["gate"] = _if_file(content.get("gate"), names)
    content["prompts"] = {key: _if_file(value, names) for key, value in content.get("prompts", {}).items()}
    content["trainer"] = _with_renamed_files(content["trainer"], names)
    content["metrics"] = [_with_renamed_files(metric, names) for metric in content["metrics"]]
    return content


def _with_renamed_files(choice: Mapping[str, Any], names: dict[str, str]) -> dict[str, Any]:
    """Return a trainer or a metric of a task file with its own file and the files of its parameters renamed."""
    renamed = {**choice, "file": _if_file(choice.get("file"), names)}
    if isinstance(choice.get("parameters"), dict):
        renamed["parameters"] = {key: _if_file(value, names) for key, value in choice["parameters"].items()}
    return {key: value for key, value in renamed.items() if value is not None}


def _if_file(value: Any, names: dict[str, str]) -> Any:
    """Return the name in the bundle of a file, given its absolute path; any other value as it is."""
    is_path = isinstance(value, str) and value.startswith("/") and "\n" not in value and len(value) < 4096
    return _name_of(value, names) if is_path and Path(value).is_file() else value


def _name_of(path: str, names: dict[str, str]) -> str:
    """Return the name in the bundle of a file: a numbered folder, so that no two files have one name."""
    return names.setdefault(path, f"files/{len(names)}/{Path(path).name}")
