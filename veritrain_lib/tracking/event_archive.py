"""Archive of the events of ended runs: they move from the database table of events to an artifact of the run."""

from __future__ import annotations

import json
import logging
import tempfile
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from veritrain_lib.tracking import artifacts
from veritrain_lib.tracking.logged_event import LoggedEvent
from veritrain_lib.tracking.missing_artifacts import MissingArtifact
from veritrain_lib.tracking.state import event_table

ARTIFACT_PATH = "events"
"""Artifact folder of a run in which its events are stored after it has ended."""


def store(run_id: str) -> None:
    """Store all events of an ended run as an artifact of it, and delete most of them from the database.

    The last status event and what follows it stay in the database: they say that the run has ended, and which number
    the next event gets. If the artifact can't be stored, nothing is deleted, and a warning is logged.
    """
    try:
        events = with_archived(run_id, 0, event_table.select(run_id))
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / _file_name(run_id)
            file.write_bytes(b"".join(event.line for event in events))
            artifacts.log_file(run_id, file, ARTIFACT_PATH)
        event_table.delete_before(run_id, _last_status(events))
    except Exception as error:  # noqa: BLE001 (artifact stores and databases fail in ways of their own)
        logging.getLogger(__name__).warning("events of run %s were not stored as artifact: %s", run_id, error)


def with_archived(run_id: str, after: int, rows: list[LoggedEvent]) -> list[LoggedEvent]:
    """Return a run's events from number `after` + 1 on: those that only its artifact holds, then those of the database.

    Args:
        run_id: The run.
        after: Number of the event before the first one wanted.
        rows: The run's events in the database with numbers above `after`, in order.
    """
    if not rows or rows[0].seq == after + 1:
        return rows
    return [*(event for event in _load(run_id, rows[0].seq) if event.seq > after), *rows]


def restore(run_id: str) -> bool:
    """Copy the last status event in a run's artifact, and the events after it, back to the database.

    This is for runs whose events are missing in the database, because they were lost or because an earlier version of
    Veri-Train kept events in files.

    Returns:
        Whether the artifact holds any events.
    """
    events = _load(run_id, before=2**31)
    if events:
        number = _last_status(events)
        event_table.put(run_id, [event for event in events if event.seq >= number])
    return bool(events)


def _load(run_id: str, before: int) -> Sequence[LoggedEvent]:
    """Return the events with numbers below `before` that are in a run's artifact; empty when it has none."""
    try:
        return _read_artifact(run_id, before)
    except MissingArtifact:
        return ()


@lru_cache(maxsize=4)
def _read_artifact(run_id: str, before: int) -> tuple[LoggedEvent, ...]:
    # What precedes the first row does not change any more, so whoever reads it page by page reads the file once.
    with tempfile.TemporaryDirectory() as folder:
        file = artifacts.fetch(run_id, f"{ARTIFACT_PATH}/{_file_name(run_id)}", Path(folder))
        events = [LoggedEvent(**json.loads(line)) for line in file.read_bytes().splitlines()]
    return tuple(event for event in events if event.seq < before)


def _file_name(run_id: str) -> str:
    return f"{run_id}.jsonl"


def _last_status(events: Sequence[LoggedEvent]) -> int:
    return max((event.seq for event in events if event.kind == "status"), default=0)
