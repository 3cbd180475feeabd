"""The disk, the project's folder, and the record."""

from __future__ import annotations

import os
import shutil
import tempfile

from veritrain_lib.core import project
from veritrain_lib.core.errors import UserError
from veritrain_lib.doctor.check import Check

NEEDED_GB, WANTED_GB = 0.5, 2.0
"""A loop of the built-in example leaves some 20 MB; pip and MLflow want room to work in."""


def disk() -> Check:
    """Whether there is room beside the record."""
    free = shutil.disk_usage(project.root()).free / 1e9
    found = f"{free:.1f} GB free at {project.root()}"
    if free >= WANTED_GB:
        return Check("disk", "ok", found)
    return Check(
        "disk",
        "fail" if free < NEEDED_GB else "warn",
        found,
        f"Free some room; at least {WANTED_GB:.0f} GB is comfortable.",
    )


def writing() -> Check:
    """Whether the record can be written where it belongs."""
    wrong = []
    for folder in (project.root(), project.artifacts(), project.state()):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=folder, prefix=".doctor-"):
                pass
        except OSError as error:
            wrong.append(f"{folder} ({error.strerror})")
    if wrong:
        return Check(
            "write access",
            "fail",
            f"can't write to {', '.join(wrong)}",
            "Change the owner or the rights, or set VERITRAIN_HOME to a folder of your own.",
        )
    return Check("write access", "ok", f"{project.root()} with its mlruns and .veritrain can be written")


def store() -> Check:
    """Whether the MLflow store opens."""
    from veritrain_lib.tracking import store as record

    try:
        count = len(record.client().search_experiments())
    except UserError as error:
        return Check(
            "record",
            "fail",
            str(error),
            "Check MLFLOW_TRACKING_URI. A store of a newer MLflow needs that MLflow; an older one: mlflow db upgrade URI.",
        )
    given = " (MLFLOW_TRACKING_URI)" if os.environ.get("MLFLOW_TRACKING_URI") else ""
    return Check("record", "ok", f"{record.shown()}{given} opens, {count} experiment(s)")


def leftovers() -> Check:
    """Runs that say RUNNING though their process is gone, and notebooks left half executed."""
    from veritrain_lib.execution.notebook import was_cut_off
    from veritrain_lib.tracking import runs
    from veritrain_lib.tracking import store as record

    try:
        client = record.client()
    except UserError:
        return Check("leftovers", "warn", "can't be looked for while the record can't be opened")
    places = [one.experiment_id for one in client.search_experiments()]
    open_runs = client.search_runs(places, "attributes.status = 'RUNNING'", max_results=1000)
    owners = [run.data.tags.get(runs.OWNER) for run in open_runs]
    dead = sum(1 for owner in owners if owner and runs.alive(owner) is False)
    desks = [notebook for notebook in (project.state("running")).glob("*/*.ipynb") if was_cut_off(notebook)]
    if dead or desks:
        found = f"{dead} run(s) say RUNNING though their process is gone, {len(desks)} notebook(s) were left half executed"
        return Check(
            "leftovers",
            "warn",
            found,
            "The next stage or loop of the task closes them with the truth: veritrain loop TASK",
        )
    return Check("leftovers", "ok", "nothing was left by killed processes")
