"""Deletion of data that is no longer needed: stored log lines, abandoned work directories and expired tokens."""

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
DAY_S = 86_400
READ_BATCH = 500
"""Runs that are read in one query."""


@dataclass(frozen=True)
class CleanupResult:
    """Number of deleted items, and the bytes that they freed (a token frees none)."""

    items: int
    freed_bytes: int


def clean_up(retention_days: int) -> CleanupResult:
    """Delete data that is no longer needed.

    Args:
        retention_days: Days after the end of a run for which its log lines are kept; later they are deleted if they are
            also stored with the run.
    """
    cutoff = time.time() - retention_days * DAY_S
    results = [_event_files(cutoff), _job_logs(cutoff), _work_directories(), _expired_tokens()]
    return CleanupResult(
        sum(result.items for result in results), sum(result.freed_bytes for result in results)
    )


def _event_files(cutoff: float) -> CleanupResult:
    folder = project.state("events")
    return _remove(
        file
        for file, run in _with_runs(folder.glob("*.jsonl"), "")
        if _ended_before(run, cutoff) and _is_stored(run, file)
    )


def _job_logs(cutoff: float) -> CleanupResult:
    """Delete the old output files of background jobs."""
    folder = project.state("running")
    return _remove(
        file for file, run in _with_runs(folder.glob("work-*.log"), "work-") if _ended_before(run, cutoff)
    )


def _with_runs(files: Iterator[Path], prefix: str) -> Iterator[tuple[Path, Run]]:
    """Yield files that are named after a run, with the run; other files and those of deleted runs are skipped."""
    files_by_run = {
        file.stem.removeprefix(prefix): file for file in files if file.is_file() and not file.is_symlink()
    }
    ids = sorted(files_by_run)
    for start in range(0, len(ids), READ_BATCH):
        for run_id, run in read_runs(ids[start : start + READ_BATCH]).items():
            yield files_by_run[run_id], run


def _ended_before(run: Run, cutoff: float) -> bool:
    return (
        run.info.status in ENDED_STATUSES
        and run.info.end_time is not None
        and run.info.end_time / 1000 < cutoff
    )


def _is_stored(run: Run, file: Path) -> bool:
    """Return whether an artifact of the run has the same lines."""
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
    content = file.read_bytes()
    stored_files = [folder] if folder.is_file() else list(folder.glob("*")) if folder.is_dir() else []
    return any(
        stored_file.is_file()
        and stored_file.stat().st_size == len(content)
        and stored_file.read_bytes() == content
        for stored_file in stored_files
    )


def _work_directories() -> CleanupResult:
    """Delete work directories whose owner process is dead, whose run has ended and whose notebook is stored.

    Other work directories are kept for `veritrain loop`.
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
        run_id, stored = read_status(directory / "mailbox.json")
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
    artifacts = local_folder(run.info.artifact_uri)
    return artifacts is not None and any((artifacts / "notebook").glob("*.ipynb"))


def _expired_tokens() -> CleanupResult:
    with session() as database_session:
        deleted = database_session.execute(delete(Token).where(Token.expires_at < datetime.now(UTC)))
        return CleanupResult(int(getattr(deleted, "rowcount", 0) or 0), 0)


def _remove(files: Iterator[Path]) -> CleanupResult:
    items = freed = 0
    for file in list(files):
        size = file.stat().st_size
        file.unlink(missing_ok=True)
        items, freed = items + 1, freed + size
    return CleanupResult(items, freed)
