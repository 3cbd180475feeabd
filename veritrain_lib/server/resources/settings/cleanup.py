"""Clean-up of the server's disk: old job logs, abandoned work directories, expired tokens."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import delete

from veritrain_lib.core import project
from veritrain_lib.server.database.session import session
from veritrain_lib.server.database.tables import Token
from veritrain_lib.server.settings.usage import folder_bytes
from veritrain_lib.stages.record.progress_reports import read_status
from veritrain_lib.tracking import runs
from veritrain_lib.tracking.artifacts import local_folder
from veritrain_lib.tracking.entities import Run
from veritrain_lib.tracking.listing import read_runs

ENDED_STATUSES = ("FINISHED", "FAILED", "KILLED")
"""Statuses of MLflow runs that have ended."""
DAY_S = 86_400


@dataclass(frozen=True)
class CleanupResult:
    """Result of a clean-up: number of deleted items (files, folders, tokens), and bytes freed on the disk."""

    items: int
    freed_bytes: int


def clean_up(retention_days: int) -> CleanupResult:
    """Delete files and tokens that the server no longer needs, and return how much was deleted.

    Args:
        retention_days: Days after the end of a run for which its job log is kept.
    """
    cutoff = time.time() - retention_days * DAY_S
    results = [_job_logs(cutoff), _work_directories(), _expired_tokens()]
    return CleanupResult(
        sum(result.items for result in results), sum(result.freed_bytes for result in results)
    )


def _job_logs(cutoff: float) -> CleanupResult:
    """Delete the output files of background jobs whose runs ended before a time (seconds since 1970)."""
    files = {
        file.stem.removeprefix("work-"): file
        for file in project.state("running").glob("work-*.log")
        if file.is_file() and not file.is_symlink()
    }
    items = freed = 0
    for run_id, run in read_runs(sorted(files)).items():
        if _ended_before(run, cutoff):
            size = files[run_id].stat().st_size
            files[run_id].unlink(missing_ok=True)
            items, freed = items + 1, freed + size
    return CleanupResult(items, freed)


def _ended_before(run: Run, cutoff: float) -> bool:
    """Return whether a run ended before a time in seconds since 1970."""
    return (
        run.info.status in ENDED_STATUSES
        and run.info.end_time is not None
        and run.info.end_time / 1000 < cutoff
    )


def _work_directories() -> CleanupResult:
    """Delete the work directories of notebooks that no process needs any more.

    The process that owned the directory must have ended, and the run, if any, must have ended with its notebook stored.
    Any other directory is kept, so that the next `veritrain loop` can store its notebook.
    """
    items = freed = 0
    for directory in sorted((project.state("running")).glob("*~*~*~*")):
        owner, _, _ = directory.name.rpartition("~")
        if (
            not directory.is_dir()
            or owner.count("~") != 2
            or runs.is_alive(owner.replace("~", "/")) is not False
        ):
            continue
        executed = list(directory.glob("*.ipynb"))
        run_id, stored = read_status(directory / "status.json")
        run = read_runs([run_id]).get(run_id) if run_id else None
        if executed and not stored and not (run and run.info.status in ENDED_STATUSES and _has_notebook(run)):
            continue
        if run is not None and run.info.status not in ENDED_STATUSES:
            continue
        size = folder_bytes(directory)
        shutil.rmtree(directory, ignore_errors=True)
        if not directory.exists():
            items, freed = items + 1, freed + size
    return CleanupResult(items, freed)


def _has_notebook(run: Run) -> bool:
    """Return whether a run has its executed notebook as an artifact on this machine."""
    artifacts = local_folder(run.info.artifact_uri)
    return artifacts is not None and any((artifacts / "notebook").glob("*.ipynb"))


def _expired_tokens() -> CleanupResult:
    """Delete the database rows of expired tokens."""
    with session() as database_session:
        deleted = database_session.execute(delete(Token).where(Token.expires_at < datetime.now(UTC)))
        return CleanupResult(int(getattr(deleted, "rowcount", 0) or 0), 0)
