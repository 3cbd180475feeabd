"""Health checks of free disk space, write access to the project's folders, and the MLflow tracking store."""

from __future__ import annotations

import os
import shutil
import tempfile

from veritrain_lib.core import project
from veritrain_lib.core.errors import UserError
from veritrain_lib.doctor.check import HealthCheck

MIN_FREE_GB, COMFORTABLE_FREE_GB = 0.5, 2.0
"""Free disk space in GB below which the check fails, and below which it warns.

A loop of the built-in example writes about 20 MB; pip and MLflow need temporary space.
"""


def disk() -> HealthCheck:
    """Check that the disk of the project's folder has enough free space; one of the checks of `veritrain doctor`.

    Returns:
        The result: `ok`; `warn` below 2 GB; `fail` below 0.5 GB.
    """
    free = shutil.disk_usage(project.root()).free / 1e9
    summary = f"{free:.1f} GB free at {project.root()}"
    if free >= COMFORTABLE_FREE_GB:
        return HealthCheck("disk", "ok", summary)
    return HealthCheck(
        "disk",
        "fail" if free < MIN_FREE_GB else "warn",
        summary,
        f"Free some room; at least {COMFORTABLE_FREE_GB:.0f} GB is comfortable.",
    )


def writing() -> HealthCheck:
    """Check that the project's folders can be written to; one of the checks of `veritrain doctor`.

    Returns:
        The result: `ok`, or `fail` with the folders that can't be written to.
    """
    not_writable = []
    for folder in (project.root(), project.artifacts(), project.state()):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=folder, prefix=".doctor-"):
                pass
        except OSError as error:
            not_writable.append(f"{folder} ({error.strerror})")
    if not_writable:
        return HealthCheck(
            "write access",
            "fail",
            f"can't write to {', '.join(not_writable)}",
            "Change the owner or the rights, or set VERITRAIN_HOME to a folder of your own.",
        )
    return HealthCheck(
        "write access", "ok", f"{project.root()} with its mlruns and .veritrain can be written"
    )


def store() -> HealthCheck:
    """Check that the MLflow tracking store can be opened; one of the checks of `veritrain doctor`.

    Returns:
        The result: `ok`, or `fail` with the error.
    """
    from veritrain_lib.tracking import store as record

    try:
        count = len(record.client().search_experiments())
    except UserError as error:
        return HealthCheck(
            "record",
            "fail",
            str(error),
            "Check MLFLOW_TRACKING_URI. A store of a newer MLflow needs that MLflow; an older one: mlflow db upgrade URI.",
        )
    source = " (MLFLOW_TRACKING_URI)" if os.environ.get("MLFLOW_TRACKING_URI") else ""
    return HealthCheck("record", "ok", f"{record.masked_uri()}{source} opens, {count} experiment(s)")


def leftovers() -> HealthCheck:
    """Check that killed processes left nothing unfinished; one of the checks of `veritrain doctor`.

    Unfinished are MLflow runs that are marked RUNNING although their process has ended, and half-executed
    notebooks.

    Returns:
        The result: `ok`, or `warn` with the numbers of runs and notebooks, or if the tracking store can't be
        opened.
    """
    from veritrain_lib.execution.notebook import was_cut_off
    from veritrain_lib.tracking import runs
    from veritrain_lib.tracking import store as record

    try:
        client = record.client()
    except UserError:
        return HealthCheck("leftovers", "warn", "can't be looked for while the record can't be opened")
    experiment_ids = [experiment.experiment_id for experiment in client.search_experiments()]
    open_runs = client.search_runs(experiment_ids, "attributes.status = 'RUNNING'", max_results=1000)
    owners = [run.data.tags.get(runs.OWNER_TAG) for run in open_runs]
    abandoned = sum(1 for owner in owners if owner and runs.is_alive(owner) is False)
    unfinished = [
        notebook for notebook in (project.state("running")).glob("*/*.ipynb") if was_cut_off(notebook)
    ]
    if abandoned or unfinished:
        summary = f"{abandoned} run(s) say RUNNING though their process has ended, {len(unfinished)} notebook(s) were left half executed"
        return HealthCheck(
            "leftovers",
            "warn",
            summary,
            "The next stage or loop of the task closes them with the truth: veritrain loop TASK",
        )
    return HealthCheck("leftovers", "ok", "nothing was left by killed processes")
