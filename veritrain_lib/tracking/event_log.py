"""Log of the events of runs, for showing progress live: whoever works on a run appends, readers ask for newer numbers.

While a run goes on, its events are rows of Veri-Train's own table (`state/event_table.py`). An event's number never
changes and is never used twice, so a reader that names the last number it has gets every event exactly once, from any
process and machine. When the run has ended, its events become an artifact of it, and only the last status event and
what follows it stay in the table (`event_archive.py`).
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from veritrain_lib.tracking import event_archive
from veritrain_lib.tracking.logged_event import ENDED_KEY, Kind, Level, LoggedEvent, encode_payload
from veritrain_lib.tracking.state import event_table
from veritrain_lib.tracking.state.event_table import has_ended, latest

NOTIFICATIONS = "notifications"
"""Name, instead of a run's id, of the messages that people may want to see whichever run they belong to."""

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
    _append(run_id, kind, message, level, data or {})


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
    return event_archive.with_archived(run_id, after, event_table.select(run_id, after, limit))[:limit]


def read_newer(known: Mapping[str, int], limit: int) -> dict[str, list[LoggedEvent]]:
    """Return the events of several runs that are newer than those already known; runs without any are left out.

    Args:
        known: The number of the last known event by run id; at least one run.
        limit: Number of events that a call returns at most, apart from those of runs that have ended meanwhile. The next
            call returns the others.
    """
    newer = event_table.select_newer(known, limit)
    return {
        run_id: event_archive.with_archived(run_id, known[run_id], rows) for run_id, rows in newer.items()
    }


def last_number(run_id: str) -> int:
    """Return the number of a run's newest event; 0 when it has none."""
    newest = latest(run_id)
    return newest.seq if newest else 0


def _append(
    run_id: str,
    kind: Kind,
    message: str,
    level: Level,
    data: Mapping[str, Any],
    *,
    unless_ended: bool = False,
) -> bool:
    try:
        payload = encode_payload(level, message, data)
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


__all__ = [
    "ENDED_KEY", "NOTIFICATIONS", "Kind", "Level", "LoggedEvent", "append", "end", "has_ended", "last_number", "latest",
    "read", "read_newer",
]  # fmt: skip
