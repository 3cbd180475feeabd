"""Paths of the project: its root folder, artifacts, state, notebooks, gate suites and examples."""

from __future__ import annotations

import os
from pathlib import Path

MARKERS = ("veritrain_lib", "notebooks", "gates")


def root() -> Path:
    """Return the project's root folder, absolute.

    It is `VERITRAIN_HOME` when set; else the nearest folder, from the working directory upwards, that holds the
    fixed top level (`veritrain_lib/ notebooks/ gates/`); else the folder this library was installed from
    when it has that shape; else the working directory.
    """
    home = os.environ.get("VERITRAIN_HOME")
    if home:
        return Path(home).expanduser().resolve()
    working_directory = Path.cwd().resolve()
    for folder in (working_directory, *working_directory.parents, Path(__file__).resolve().parents[2]):
        if all((folder / marker).is_dir() for marker in MARKERS):
            return folder
    return working_directory


def artifacts() -> Path:
    """Return the folder of run artifacts, with one subfolder per experiment.

    MLflow's server serves it to all who may read.
    """
    return root() / "mlruns"


def state(*parts: str) -> Path:
    """Return a path in `.veritrain/`, the folder of ledger, event logs, locks and checkpoints.

    It is beside `mlruns/` and not in it, so that MLflow's server can neither show nor replace anything of it.
    """
    return root().joinpath(".veritrain", *parts)


def notebooks() -> Path:
    """Return the folder of the stage notebooks."""
    return _bundled_folder("notebooks")


def gates() -> Path:
    """Return the folder of the gate suites."""
    return _bundled_folder("gates")


def _bundled_folder(name: str) -> Path:
    # A VERITRAIN_HOME that holds only a store still uses the notebooks and suites of the checkout.
    local_folder = root() / name
    return local_folder if local_folder.is_dir() else Path(__file__).resolve().parents[2] / name


EXAMPLES = ("support", "meetings")
"""Names of the built-in examples' tasks; the first one is the default."""


def example_task(name: str = EXAMPLES[0]) -> Path:
    """Return the task file of a built-in example."""
    return Path(__file__).resolve().parents[1] / "examples" / name / "task.yaml"
