"""Search for finished stage runs by digest, so that equal work is done once, also by two processes at the same time."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from veritrain_lib.stages import NAMES
from veritrain_lib.stages.base import spec_of
from veritrain_lib.tracking import runs
from veritrain_lib.tracking.state import claims

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task
    from veritrain_lib.tracking.entities import Run

log = logging.getLogger("veritrain")


def find_finished(task: Task, stage: str, work: str) -> runs.Run | None:
    """Return the finished MLflow run that already did a stage's work, if all its outputs still exist.

    A warning is logged, once per run, about runs that did the work but have lost an output.

    Args:
        task: The task.
        stage: The stage's name, for the warning.
        work: The digest of the work, see `StageRun.digest`.

    Returns:
        The run; None when the work has to be done, for the first time or again.
    """
    lost: list[str] = []
    for run in runs.all_finished(task, work):
        absent = missing_outputs(task, run)
        if not absent:
            return run
        more = f" and {len(absent) - 1} more" if len(absent) > 1 else ""
        lost.append(
            f"{stage} was done before, but {absent[0]}{more} is missing (run {run.info.run_id}): it is done again"
        )
    for line in lost:
        if line not in _warned:
            _warned.add(line)
            log.warning("%s", line)
    return None


_warned: set[str] = set()


def claim_stage(task: Task, stage: str, work: str, *, tell: claims.Notify | None = None) -> claims.Claim:
    """Claim a stage's work for this process; if another process holds the claim, wait until it has ended.

    A claim is a lock that ends with the process that holds it. After waiting, the caller finds the work done.

    Args:
        task: The task.
        stage: The stage's name.
        work: The digest of the work, see `StageRun.digest`.
        tell: Function that is called with a message while another process holds the claim. None prints the message to
            standard error.

    Returns:
        The claim, which the caller must release.
    """
    return claims.claim(f"stage {work}", f"{stage} of task {task.name}", notify=tell)


def missing_outputs(task: Task, run: Run) -> list[str]:
    """List the outputs of a finished stage run that no longer exist.

    Args:
        task: The task.
        run: The MLflow run.

    Returns:
        Names of missing artifact files; if no file is missing, names of other missing outputs, such as a registered
        model.
    """
    own_files = runs.missing(run)
    stage = run.data.tags.get("veritrain.stage", "")
    if own_files or stage not in NAMES:
        return own_files
    return spec_of(stage).missing(task, run.data.tags)
