"""Where things are: the project's folder and the places in it, defined once."""

from __future__ import annotations

import os
from pathlib import Path

MARKERS = ("veritrain_lib", "notebooks", "gates")


def root() -> Path:
    """The project's folder, absolute.

    `VERITRAIN_HOME` when set; else the nearest folder, from the working directory upwards, that holds the
    fixed top level (`veritrain_lib/ notebooks/ gates/`); else the folder this library was installed from
    when it has that shape; else the working directory.
    """
    home = os.environ.get("VERITRAIN_HOME")
    if home:
        return Path(home).expanduser().resolve()
    here = Path.cwd().resolve()
    for folder in (here, *here.parents, Path(__file__).resolve().parents[2]):
        if all((folder / marker).is_dir() for marker in MARKERS):
            return folder
    return here


def artifacts() -> Path:
    """The folder of runs' files, one folder an experiment: what MLflow's server gives to whoever may read."""
    return root() / "mlruns"


def state(*parts: str) -> Path:
    """A place in `.veritrain/`, the folder of what is ours and no artifact: ledger, event logs, locks, checkpoints.

    It lies beside `mlruns/` and not in it, so that MLflow's server can neither show nor replace anything of it.
    """
    return root().joinpath(".veritrain", *parts)


def notebooks() -> Path:
    """The folder of the stage notebooks."""
    return _shipped("notebooks")


def gates() -> Path:
    """The folder of the gate suites."""
    return _shipped("gates")


def _shipped(name: str) -> Path:
    # A VERITRAIN_HOME that holds only a store still uses the notebooks and suites of the checkout.
    own = root() / name
    return own if own.is_dir() else Path(__file__).resolve().parents[2] / name


EXAMPLES = ("support", "meetings")
"""The names of the built-in examples' tasks; the first is taken where none is named."""


def example_task(name: str = EXAMPLES[0]) -> Path:
    """The task file of a built-in example."""
    return Path(__file__).resolve().parents[1] / "examples" / name / "task.yaml"
