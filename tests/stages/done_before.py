"""Projects in which stages were done once, and copies of them for the tests that begin there."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.stages.tiny_task import write_tiny
from veritrain_lib.core.task import Task, load_task
from veritrain_lib.stages.record.stage_run import prepare

STAGES: dict[str, tuple[tuple[str, dict[str, str]], ...]] = {
    "gated": (("gate", {}),),
    "two models": (("gate", {}), ("train", {"dataset": "tiny@3"})),
    "compared": (("gate", {}), ("train", {"dataset": "tiny@3"}), ("evaluate", {})),
}
"""Stages that were done on the tiny task, with their parameters, by the name of the project; those that they need run first."""


class DoneBefore:
    """Makes each project when it is first asked for; this process's tests share it and change their copies only."""

    def __init__(self, empty_store: Path, folder: Path) -> None:
        self._empty_store, self._folder = empty_store, folder

    def copy(self, name: str, home: Path) -> Task:
        """Fill a project folder that no process has opened yet with a copy of a project; give its task."""
        made = self._folder / name.replace(" ", "_")
        if not made.exists():
            self._make(made, STAGES[name])
        shutil.copytree(made, home, dirs_exist_ok=True, ignore=shutil.ignore_patterns("mlflow.db*"))
        (home / "mlflow.db").unlink(missing_ok=True)
        with (
            closing(sqlite3.connect(made / "mlflow.db")) as old,
            closing(sqlite3.connect(home / "mlflow.db")) as new,
        ):
            old.backup(new)
            _move(new, str(made), str(home))
        return load_task(home / "task" / "task.yaml")

    def _make(self, folder: Path, stages: tuple[tuple[str, dict[str, str]], ...]) -> None:
        folder.mkdir()
        shutil.copy(self._empty_store, folder / "mlflow.db")
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("VERITRAIN_HOME", str(folder))
            patch.delenv("MLFLOW_TRACKING_URI", raising=False)
            task = load_task(write_tiny(folder / "task"))
            for stage, parameters in stages:
                work = prepare(stage, {"task": str(task.path), "run_upstream": True, **parameters})
                work.run()
                work.finish()


def _move(store: sqlite3.Connection, old: str, new: str) -> None:
    """Change a folder's path wherever the record has it; no other file of a project holds its path."""
    tables = [name for (name,) in store.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    for table in tables:
        for _, column, kind, *_ in store.execute(f"PRAGMA table_info({table})").fetchall():
            if "CHAR" in kind.upper() or "TEXT" in kind.upper():
                store.execute(
                    f"UPDATE {table} SET {column} = replace({column}, ?, ?) WHERE instr({column}, ?)",
                    (old, new, old),
                )
    store.commit()
