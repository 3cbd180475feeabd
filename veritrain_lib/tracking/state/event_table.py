"""Veri-Train's own database table of the events of runs, numbered within each run; all processes and machines use it.

The SQL statement that stores an event takes the run's next number. If two processes store an event at once, the second
one waits for the first one's transaction and then takes the number after it. So a run's numbers have no gaps and are
committed in their order: whoever sees an event sees all those before it, and misses none by asking for larger numbers.

Where machines share the tracking store, the table is in its PostgreSQL database. Otherwise it is in a SQLite file of the
project, `.veritrain/events.db`, and not in MLflow's: so no event waits for MLflow's writes, and it works also if the
tracking store is an MLflow server on this machine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from veritrain_lib.core import project
from veritrain_lib.tracking import address as addresses
from veritrain_lib.tracking.logged_event import Kind, LoggedEvent
from veritrain_lib.tracking.state import database

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

T = TypeVar("T")

APPEND_SQL = """
INSERT INTO veritrain_state_events (run_id, number, at, kind, payload)
SELECT CAST(:run_id AS VARCHAR(64)), coalesce(max(number), 0) + 1, :at, :kind, :payload
FROM veritrain_state_events WHERE run_id = :run_id
ON CONFLICT (run_id, number) DO NOTHING RETURNING number
"""

STORED_SQL = """
SELECT 1 FROM veritrain_state_events
WHERE run_id = :run_id AND number = :number AND at = :at AND payload = :payload
"""

PUT_SQL = """
INSERT INTO veritrain_state_events (run_id, number, at, kind, payload)
VALUES (:run_id, :number, :at, :kind, :payload) ON CONFLICT (run_id, number) DO NOTHING
"""

SELECT_SQL = "SELECT number, at, kind, payload FROM veritrain_state_events WHERE run_id = :run_id"

NEWER_SQL = """
SELECT event.run_id, event.number, event.at, event.kind, event.payload
FROM (VALUES {known}) AS known JOIN veritrain_state_events AS event
ON event.run_id = known.column1 AND event.number > known.column2
ORDER BY event.run_id, event.number LIMIT :limit
"""

_made: set[Engine] = set()
"""Engines of SQLite files of which this process knows that they have the table."""


def append(run_id: str, kind: Kind, payload: str, *, unless_ended: bool = False) -> bool:
    """Store a run's next event; several processes of several machines may do so at the same time.

    Args:
        run_id: The run.
        kind: Kind of the event.
        payload: The event's level, message and data as a JSON object.
        unless_ended: Whether to store nothing if the run's last status event says that the run has ended.

    Returns:
        Whether the event was stored.

    Raises:
        Infrastructure: The database can't be reached, or its disk is full.
    """
    from sqlalchemy import text

    event: dict[str, Any] = {}

    def work(connection: Connection) -> bool:
        # When the connection breaks in a commit, this runs again, although the event may be stored.
        if event and connection.scalar(text(STORED_SQL), event) is not None:
            return True
        if unless_ended:
            database.lock(connection, f"end of run {run_id}")
            status = _latest(connection, run_id, "status")
            if status is not None and status.is_end:
                return False
        now = datetime.now(UTC).isoformat(timespec="microseconds")
        event.update(run_id=run_id, at=now, kind=kind, payload=payload, number=None)
        while event["number"] is None:  # another process took this number at the same moment
            event["number"] = connection.scalar(text(APPEND_SQL), event)
        return True

    return _run(work)


def put(run_id: str, events: Iterable[LoggedEvent]) -> None:
    """Store events of a run under the numbers that they have, except numbers that are in the table already."""
    from sqlalchemy import text

    rows = [
        {"run_id": run_id, "number": event.seq, "at": event.time, "kind": event.kind, "payload": event.payload}
        for event in events
    ]  # fmt: skip
    _run(lambda connection: connection.execute(text(PUT_SQL), rows))


def select(run_id: str, after: int = 0, limit: int | None = None) -> list[LoggedEvent]:
    """Return a run's events in the table with numbers above `after` in order, at most `limit` (None: all)."""
    from sqlalchemy import text

    sql = f"{SELECT_SQL} AND number > :after ORDER BY number" + (" LIMIT :limit" if limit is not None else "")
    values = {"run_id": run_id, "after": after} | ({"limit": limit} if limit is not None else {})
    rows = _run(lambda connection: connection.execute(text(sql), values).all(), reads=True)
    return [LoggedEvent.of_row(*row) for row in rows]


def select_newer(known: Mapping[str, int], limit: int) -> dict[str, list[LoggedEvent]]:
    """Return the events of several runs in the table that are newer than those already known, in order.

    Args:
        known: The number of the last known event by run id; at least one run.
        limit: Maximum number of events; the others are returned by the next call.
    """
    from sqlalchemy import text

    values: dict[str, Any] = {"limit": limit}
    for position, (run_id, number) in enumerate(known.items()):
        values |= {f"run_{position}": run_id, f"number_{position}": number}
    pairs = ", ".join(
        f"(:run_{position}, CAST(:number_{position} AS INTEGER))" for position in range(len(known))
    )
    sql = text(NEWER_SQL.format(known=pairs))
    newer: dict[str, list[LoggedEvent]] = {}
    for run_id, *fields in _run(lambda connection: connection.execute(sql, values).all(), reads=True):
        newer.setdefault(run_id, []).append(LoggedEvent.of_row(*fields))
    return newer


def latest(run_id: str, kind: Kind | None = None) -> LoggedEvent | None:
    """Return a run's newest event in the table, or its newest one of a kind; None when there is none."""
    return _run(lambda connection: _latest(connection, run_id, kind), reads=True)


def has_ended(run_id: str) -> bool:
    """Return whether the last status event of a run says that it has ended."""
    status = latest(run_id, "status")
    return status is not None and status.is_end


def delete_before(run_id: str, number: int) -> None:
    """Delete a run's events with numbers below `number` from the table, once they are stored elsewhere."""
    from sqlalchemy import text

    sql = text("DELETE FROM veritrain_state_events WHERE run_id = :run_id AND number < :number")
    _run(lambda connection: connection.execute(sql, {"run_id": run_id, "number": number}))


def _latest(connection: Connection, run_id: str, kind: Kind | None) -> LoggedEvent | None:
    from sqlalchemy import text

    sql = f"{SELECT_SQL}{' AND kind = :kind' if kind else ''} ORDER BY number DESC LIMIT 1"
    row = connection.execute(text(sql), {"run_id": run_id} | ({"kind": kind} if kind else {})).first()
    return LoggedEvent.of_row(*row) if row else None


def _run(work: Callable[[Connection], T], *, reads: bool = False) -> T:
    if database.is_shared():
        return database.run(work)
    with _project_engine().execution_options(**{database.READS_OPTION: reads}).begin() as connection:
        return work(connection)


def _project_engine() -> Engine:
    """Return the engine of the project's own SQLite file, after making the file and its table if they are missing."""
    from veritrain_lib.tracking.state.tables import EVENTS

    file = project.state("events.db")
    engine = database.engine_at(addresses.sqlite_uri(file))
    if engine not in _made:
        file.parent.mkdir(parents=True, exist_ok=True)
        with engine.begin() as connection:
            EVENTS.create(connection, checkfirst=True)
        _made.add(engine)
    return engine
