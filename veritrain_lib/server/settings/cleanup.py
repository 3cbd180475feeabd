"""What may go, deleted: lines of runs that are stored with the run, desks that nobody works at, tokens that expired."""

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
from veritrain_lib.stage_io.progress_reports import read_letter
from veritrain_lib.tracking import runs
from veritrain_lib.tracking.artifacts import local_folder
from veritrain_lib.tracking.entities import Run
from veritrain_lib.tracking.listing import read_runs

ENDED = ("FINISHED", "FAILED", "KILLED")
DAY_S = 86_400
AT_ONCE = 500
"""Runs that are read in one question."""


@dataclass(frozen=True)
class Cleaned:
    """How many things were deleted, and the bytes that they took (a token takes none that come back)."""

    items: int
    freed: int


def clean_up(retention_days: int) -> Cleaned:
    """Delete what may go; `retention_days` after the end of a run its lines may, if they are stored with it."""
    before = time.time() - retention_days * DAY_S
    parts = [_lines(before), _logs(before), _desks(), _tokens()]
    return Cleaned(sum(one.items for one in parts), sum(one.freed for one in parts))


def _lines(before: float) -> Cleaned:
    folder = project.state("events")
    return _remove(
        file
        for file, run in _with_runs(folder.glob("*.jsonl"), "")
        if _ended_before(run, before) and _is_stored(run, file)
    )


def _logs(before: float) -> Cleaned:
    """What detached work said beside its lines."""
    folder = project.state("running")
    return _remove(
        file for file, run in _with_runs(folder.glob("work-*.log"), "work-") if _ended_before(run, before)
    )


def _with_runs(files: Iterator[Path], begin: str) -> Iterator[tuple[Path, Run]]:
    """Files that are named by a run, with the run; others and those of deleted runs are left out."""
    there = {
        file.stem.removeprefix(begin): file for file in files if file.is_file() and not file.is_symlink()
    }
    ids = sorted(there)
    for start in range(0, len(ids), AT_ONCE):
        for run_id, run in read_runs(ids[start : start + AT_ONCE]).items():
            yield there[run_id], run


def _ended_before(run: Run, before: float) -> bool:
    return run.info.status in ENDED and run.info.end_time is not None and run.info.end_time / 1000 < before


def _is_stored(run: Run, file: Path) -> bool:
    """Whether an artifact of the run holds the same lines."""
    place = local_folder(run.info.artifact_uri)
    if place is None:
        from tempfile import TemporaryDirectory

        with TemporaryDirectory() as folder:
            try:
                return _holds(runs.fetch(run.info.run_id, "events", Path(folder)), file)
            except Exception:  # noqa: BLE001 (MLflow and each kind of storage have errors of their own: it stays)
                return False
    return _holds(place / "events", file)


def _holds(folder: Path, file: Path) -> bool:
    content = file.read_bytes()
    there = [folder] if folder.is_file() else list(folder.glob("*")) if folder.is_dir() else []
    return any(
        one.is_file() and one.stat().st_size == len(content) and one.read_bytes() == content for one in there
    )


def _desks() -> Cleaned:
    """Desks whose owner is gone, whose run has ended and whose notebook is stored; others wait for `veritrain loop`."""
    items = freed = 0
    for desk in sorted((project.state("running")).glob("*~*~*~*")):
        owner, _, _ = desk.name.rpartition("~")
        if not desk.is_dir() or owner.count("~") != 2 or runs.alive(owner.replace("~", "/")) is not False:
            continue
        executed = list(desk.glob("*.ipynb"))
        run_id, stored = read_letter(desk / "mailbox.json")
        run = read_runs([run_id]).get(run_id) if run_id else None
        if executed and not stored and not (run and run.info.status in ENDED and _has_notebook(run)):
            continue
        if run is not None and run.info.status not in ENDED:
            continue
        size = folder_bytes(desk)
        shutil.rmtree(desk, ignore_errors=True)
        if not desk.exists():
            items, freed = items + 1, freed + size
    return Cleaned(items, freed)


def _has_notebook(run: Run) -> bool:
    place = local_folder(run.info.artifact_uri)
    return place is not None and any((place / "notebook").glob("*.ipynb"))


def _tokens() -> Cleaned:
    with session() as opened:
        gone = opened.execute(delete(Token).where(Token.expires_at < datetime.now(UTC)))
        return Cleaned(int(getattr(gone, "rowcount", 0) or 0), 0)


def _remove(files: Iterator[Path]) -> Cleaned:
    items = freed = 0
    for file in list(files):
        size = file.stat().st_size
        file.unlink(missing_ok=True)
        items, freed = items + 1, freed + size
    return Cleaned(items, freed)
