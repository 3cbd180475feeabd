"""Clean-up of the server's disk: old event files and job logs, abandoned work directories, expired tokens."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

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
READ_BATCH = 500
"""Number of MLflow runs that are read in one query."""


@dataclass(frozen=True)
class CleanupResult:
    """Result of a clean-up: number of deleted items (files, folders, tokens), and bytes freed on the disk."""

    items: int
    freed_bytes: int


def clean_up(retention_days: int) -> CleanupResult:
    """Delete files and tokens that the server no longer needs.

    Args:
        retention_days: Days after the end of a run for which its event file and job log are kept. An older event file
            is deleted only if it is also stored as an artifact of its run.
    """
    cutoff = time.time() - retention_days * DAY_S
    results = [_event_files(cutoff), _job_logs(cutoff), _work_directories(), _expired_tokens()]
    return CleanupResult(
        sum(result.items for result in results), sum(result.freed_bytes for result in results)
    )


def _event_files(cutoff: float) -> CleanupResult:
    """Delete event files of runs that ended before a time (seconds since 1970), if the run has them as an artifact."""
    folder = project.state("events")
    return _remove(
        file
        for file, run in _with_runs(folder.glob("*.jsonl"), "")
        if _ended_before(run, cutoff) and _is_stored(run, file)
    )


def _job_logs(cutoff: float) -> CleanupResult:
    """Delete the output files of background jobs whose runs ended before a time (seconds since 1970)."""
    folder = project.state("running")
    return _remove(
        file for file, run in _with_runs(folder.glob("work-*.log"), "work-") if _ended_before(run, cutoff)
    )


def _with_runs(files: Iterator[Path], prefix: str) -> Iterator[tuple[Path, Run]]:
    """Yield each file that is named after an MLflow run together with that run; other files are skipped.

    Args:
        files: Files whose names are the prefix followed by a run's id.
        prefix: First part of the files' names.
    """
    files_by_run = {
        file.stem.removeprefix(prefix): file for file in files if file.is_file() and not file.is_symlink()
    }
    ids = sorted(files_by_run)
    for start in range(0, len(ids), READ_BATCH):
        for run_id, run in read_runs(ids[start : start + READ_BATCH]).items():
            yield files_by_run[run_id], run


def _ended_before(run: Run, cutoff: float) -> bool:
    """Return whether a run ended before a time in seconds since 1970."""
    return (
        run.info.status in ENDED_STATUSES
        and run.info.end_time is not None
        and run.info.end_time / 1000 < cutoff
    )


def _is_stored(run: Run, file: Path) -> bool:
    """Return whether the content of an event file is also stored as an artifact of its run."""
    artifacts = local_folder(run.info.artifact_uri)
    if artifacts is None:
        from tempfile import TemporaryDirectory

        with TemporaryDirectory() as folder:
            try:
                return _holds(runs.fetch(run.info.run_id, "events", Path(folder)), file)
            except Exception:  # noqa: BLE001 (MLflow and each kind of storage raise different errors: the file stays)
                return False
    return _holds(artifacts / "events", file)


def _holds(folder: Path, file: Path) -> bool:
    """Return whether a folder has a file with the same bytes as another file.

    Instead of a folder, one file may be given.
    """
    content = file.read_bytes()
    stored_files = [folder] if folder.is_file() else list(folder.glob("*")) if folder.is_dir() else []
    return any(
        stored_file.is_file()
        and stored_file.stat().st_size == len(content)
        and stored_file.read_bytes() == content
        for stored_file in stored_files
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


def _remove(files: Iterator[Path]) -> CleanupResult:
    """Delete files; return how many, and their size in bytes."""
    items = freed = 0
    for file in list(files):
        size = file.stat().st_size
        file.unlink(missing_ok=True)
        items, freed = items + 1, freed + size
    return CleanupResult(items, freed)
