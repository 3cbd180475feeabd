"""Paths within the project: root folder, artifacts, state, notebooks, gate suites and example tasks."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

MARKERS = ("veritrain_lib", "notebooks", "gates")
"""Folders by which a folder is recognized as a project's root."""


def root() -> Path:
    """Return the absolute path of the project's root folder.

    It is `VERITRAIN_HOME` if that is set. Otherwise it is the nearest folder, from the working directory upwards, that
    has the subfolders `veritrain_lib`, `notebooks` and `gates`. Without one it is the checkout from which this library
    was installed if that has them, else the working directory.
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
    """Return the folder of MLflow's artifacts (`mlruns/`), which has one subfolder for each experiment.

    MLflow's server shows its files to everybody who may read.
    """
    return root() / "mlruns"


StatePlace = Literal[
    "approved",
    "claims",
    "events.db",
    "fine_tuning.db",
    "ledger.db",
    "link_token",
    "living",
    "lora",
    "reserve",
    "running",
    "tasks",
    "vectors",
    "worker",
]
"""Names of all folders and files in `.veritrain/`; ARCHITECTURE.md ("State") says what each is."""


def state(place: StatePlace | None = None, *parts: str) -> Path:
    """Return a path within `.veritrain/`, the folder of paid answers, locks and checkpoints.

    That folder is not within `mlruns/`, so MLflow's server can neither show nor replace its files.

    Args:
        place: Name of a folder or file in `.veritrain/`; None for `.veritrain/` itself.
        parts: Names of the folders and the file within that folder.
    """
    folder = root() / ".veritrain"
    return folder if place is None else folder.joinpath(place, *parts)


def notebooks() -> Path:
    """Return the path of the folder with the notebooks of the six stages."""
    return _bundled_folder("notebooks")


def gates() -> Path:
    """Return the path of the folder with the gate suites: JSON files with the rules that new rows must pass."""
    return _bundled_folder("gates")


def _bundled_folder(name: str) -> Path:
    # A VERITRAIN_HOME that holds only a store still uses the notebooks and suites of the checkout.
    local_folder = root() / name
    return local_folder if local_folder.is_dir() else Path(__file__).resolve().parents[2] / name


EXAMPLES = ("support", "meetings")
"""Names of the built-in example tasks; the first one is the default."""


def example_task(name: str = EXAMPLES[0]) -> Path:
    """Return the path of the task file of a built-in example task, given by its name (one of `EXAMPLES`)."""
    return Path(__file__).resolve().parents[1] / "examples" / name / "task.yaml"
