"""Events of runs, for showing progress live: appended by whoever works on a run, followed by their numbers.

They are rows of our own table (`state/event_table.py`) while the run goes on. A number never changes and is never used
twice, so a reader that names the last number it has gets every event exactly once, whichever process and machine it
asks. When a run has ended, its events are stored as an artifact, and all rows before the last status event are deleted.
"""

from __future__ import annotations

import json
import logging
import math
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any

from veritrain_lib.redaction import redact, redact_value
from veritrain_lib.tracking import artifacts
from veritrain_lib.tracking.missing_artifacts import MissingArtifact
from veritrain_lib.tracking.state import event_table
from veritrain_lib.tracking.state.event_table import ENDED_KEY, Kind, Level, LoggedEvent, has_ended, latest

MAX_EVENT_BYTES = 16_384
"""Maximum bytes of an event as JSON; a longer message is cut and marked."""

NOTIFICATIONS = "notifications"
"""Name, instead of a run's id, of the messages that people may want to see whichever run they belong to."""

ARTIFACT_PATH = "events"
"""Artifact folder of a run in which its events are stored after it has ended."""

_warned: set[str] = set()


def append(
    run_id: str, kind: Kind, message: str, *, level: Level = "info", data: Mapping[str, Any] | None = None
) -> None:
    """Append one event to a run's events; several processes of several machines may do so at the same time.

    If that fails, it is logged as a warning, once per process and kind of error: the work is worth more than its
    progress.

    Args:
        run_id: The run.
        kind: Kind of the event.
        message: Text for people; secrets are masked.
        level: Severity.
        data: Further fields; secrets are masked, and NaN and infinities become null.
    """
    _append(run_id, kind, message, level, data)


def end(run_id: str, message: str, *, level: Level = "info", data: Mapping[str, Any] | None = None) -> bool:
    """Append the status event that a run has ended, unless the last status event says so already.

    Args:
        run_id: The run.
        message: Text for people; secrets are masked.
        level: Severity.
        data: Further fields; secrets are masked.

    Returns:
        Whether it was appended; False also when that failed, which is logged as a warning.
    """
    return _append(run_id, "status", message, level, {**(data or {}), ENDED_KEY: True}, unless_ended=True)


def read(run_id: str, after: int = 0, limit: int | None = None) -> list[LoggedEvent]:
    """Return a run's events with numbers above `after`, at most `limit` (None: all); empty when there are none."""
    return _with_archived(run_id, after, event_table.select(run_id, after, limit))[:limit]


def read_newer(known: Mapping[str, int], limit: int) -> dict[str, list[LoggedEvent]]:
    """Return the events of several runs that are newer than those already known, by run id; runs without any are left out.

    Args:
        known: The number of the last known event by run id; at least one run.
        limit: Number of events that a call returns at most, apart from those of runs that have ended meanwhile. The next
            call returns the others.
    """
    newer = event_table.select_newer(known, limit)
    return {run_id: _with_archived(run_id, known[run_id], rows) for run_id, rows in newer.items()}


def last_number(run_id: str) -> int:
    """Return the number of a run's newest event; 0 when it has none."""
    newest = latest(run_id)
    return newest.seq if newest else 0


def archive(run_id: str) -> None:
    """Store the events of an ended run as an artifact of it, and delete those before its last status event as rows.

    The rows that are left give the numbers of events to come, and say that the run has ended. If the artifact can't be
    stored, all rows stay, and a warning is logged.
    """
    try:
        events = read(run_id)
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / _file_name(run_id)
            file.write_bytes(b"".join(_encoded(asdict(event)) + b"\n" for event in events))
            artifacts.log_file(run_id, file, ARTIFACT_PATH)
    except Exception as error:  # noqa: BLE001 (an artifact store fails in ways of its own)
        logging.getLogger(__name__).warning("events of run %s were not stored as artifact: %s", run_id, error)
        return
    event_table.delete_before(run_id, _last_status(events))


def restore(run_id: str) -> bool:
    """Store the last status event of an ended run's artifact, and what follows it, as rows again; return whether it has any.

    It is for runs whose rows the database lost, or whose events an earlier version kept in files.
    """
    events = _archived(run_id, before=2**31)
    if events:
        number = _last_status(events)
        event_table.put(run_id, [event for event in events if event.seq >= number])
    return bool(events)


def _append(
    run_id: str,
    kind: Kind,
    message: str,
    level: Level,
    data: Mapping[str, Any] | None,
    *,
    unless_ended: bool = False,
) -> bool:
    try:
        clean_data = redact_value(_json_safe(dict(data or {})))
        payload = _payload(level, redact(message), clean_data)
        return event_table.append(run_id, kind, payload, unless_ended=unless_ended)
    except Exception as error:  # noqa: BLE001 (an event must not end the work, whatever fails)
        name = type(error).__name__
        if name not in _warned:
            _warned.add(name)
            logging.getLogger(__name__).warning(
                "live events can't be stored (%s: %s); the work goes on, who watches it sees less",
                name,
                error,
            )
        return False


def _payload(level: Level, message: str, data: Mapping[str, Any]) -> str:
    payload = _encoded({"level": level, "message": message, "data": data})
    if len(payload) > MAX_EVENT_BYTES:
        short_data = {key: value for key, value in list(data.items())[:20] if len(_encoded(value)) <= 200}
        payload = _encoded({"level": level, "message": f"{message[:1500]} (cut)", "data": short_data})
    return payload.decode()


def _encoded(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, default=str).encode("utf-8", "replace")


def _json_safe(value: Any) -> Any:
    """Return a value with NaN and infinities replaced by None, since JSON has no such numbers."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _json_safe(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_json_safe(item) for item in value]
    return value


def _file_name(run_id: str) -> str:
    return f"{run_id}.jsonl"


def _last_status(events: Iterable[LoggedEvent]) -> int:
    return max((event.seq for event in events if event.kind == "status"), default=0)


def _with_archived(run_id: str, after: int, rows: list[LoggedEvent]) -> list[LoggedEvent]:
    """Return rows that follow event `after`, preceded by those that are in the artifact instead, if there is a gap."""
    if not rows or rows[0].seq == after + 1:
        return rows
    return [*(event for event in _archived(run_id, rows[0].seq) if event.seq > after), *rows]


def _archived(run_id: str, before: int) -> tuple[LoggedEvent, ...]:
    """Return the events with numbers below `before` that are in a run's artifact; empty when there is no artifact."""
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


__all__ = [
    "ENDED_KEY", "NOTIFICATIONS", "Kind", "Level", "LoggedEvent", "append", "archive", "end", "has_ended", "last_number",
    "latest", "read", "restore",
]  # fmt: skip
