"""A project with a finished loop of a tiny task, created once and copied for each case that breaks a part of it."""

from __future__ import annotations

import atexit
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

MAKE = """
import sys
from tests.stages.in_process import InProcess
from tests.stages.tiny_task import write_tiny
from veritrain_lib.loop.loop import run_loop
from veritrain_lib.core.task import load_task
import pathlib
budget = {"rounds": 1, "rows_per_round": 15}
print(run_loop(load_task(write_tiny(pathlib.Path(sys.argv[1]) / "task", budget=budget)), runner=InProcess()).headline)
"""

_making = threading.Lock()
_made: list[Path] = []


def finished(folder: Path) -> Path:
    """Turn a folder into a project whose loop has promoted a champion, models:/tiny/2; return the task file."""
    with _making:
        if not _made:
            place = Path(tempfile.mkdtemp(prefix="finished-")).resolve()
            atexit.register(shutil.rmtree, place, ignore_errors=True)
            script(place, MAKE, str(place))
            _made.append(place)
    shutil.copytree(_made[0], folder, dirs_exist_ok=True)
    _move(folder / "mlflow.db", str(_made[0]), str(folder))
    return folder / "task" / "task.yaml"


def _move(store: Path, old: str, new: str) -> None:
    """Rewrite every path in a store to another folder."""
    with sqlite3.connect(store) as opened:
        opened.execute("PRAGMA foreign_keys = OFF")
        for (table,) in opened.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            for _, column, kind, *_ in opened.execute(f"PRAGMA table_info('{table}')").fetchall():
                if "CHAR" in kind.upper() or "TEXT" in kind.upper():
                    opened.execute(
                        f'UPDATE "{table}" SET "{column}" = replace("{column}", ?, ?) WHERE instr("{column}", ?)',
                        (old, new, old),
                    )


def script(folder: Path, code: str, *arguments: str, check: bool = True) -> str:
    """Run Python code in a separate process with a folder as its project; return its output and standard error.

    Raises:
        RuntimeError: it fails, unless `check` is False.
    """
    with process(folder, code, *arguments) as started:
        said, _ = started.communicate(timeout=900)
    if check and started.returncode != 0:
        raise RuntimeError(said[-2000:])
    return said


def process(folder: Path, code: str, *arguments: str) -> subprocess.Popen[str]:
    """Start the process of `script`."""
    import os

    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("VERITRAIN_", "MLFLOW_", "OPENAI_", "AZURE_", "DATABASE_URL"))
    }
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", code, *arguments],
        cwd=ROOT,
        env={**kept, "VERITRAIN_HOME": str(folder), "MLFLOW_DISABLE_TELEMETRY": "true"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
