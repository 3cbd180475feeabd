"""Finished work of a stage, found again by its digest, and the claim by which two processes do not do it twice."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from veritrain_lib.core import claims
from veritrain_lib.stages import NAMES
from veritrain_lib.stages.base import spec_of
from veritrain_lib.tracking import lookup, runs

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task
    from veritrain_lib.tracking.entities import Run

log = logging.getLogger("veritrain")


def find_finished(task: Task, stage: str, work: str) -> runs.Run | None:
    """Find the finished run that did this work and still has all that it made.

    Warns once about each run that did the work and has lost something.

    Args:
        task: The task.
        stage: The stage's name, for the warning.
        work: Digest of the work, see `StageRun.digest`.

    Returns:
        The run; None when the work is to be done, for the first time or again.
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
    """Claim a stage's work, so that a second process waits and finds it done when the first one has ended.

    Args:
        task: The task.
        stage: The stage's name.
        work: Digest of the work, see `StageRun.digest`.
        tell: Called with a message while another process holds the claim; None prints it to standard error.
    """
    return claims.claim(f"stage {work}", f"{stage} of task {task.name}", notify=tell)


def missing_outputs(task: Task, run: Run) -> list[str]:
    """List what a finished run of a stage stored and is now missing.

    Returns:
        Names of missing files of the run; where all of them are there, names of missing outputs of the run
        beside its files, such as a registered model.
    """
    own_files = lookup.missing(run)
    stage = run.data.tags.get("veritrain.stage", "")
    if own_files or stage not in NAMES:
        return own_files
    return spec_of(stage).missing(task, run.data.tags)
