"""Leases of processes: heartbeats in the database by which other machines see whether a process is alive.

`core/liveness.py` sees only processes of this machine. A process that owns an MLflow run in a shared tracking store
also holds a lease on its own name. So another machine can close the runs of a machine that went down.
"""

from __future__ import annotations

import os
import uuid
from typing import TYPE_CHECKING

from veritrain_lib.core import liveness
from veritrain_lib.tracking.state import database, leases

if TYPE_CHECKING:
    from sqlalchemy import Connection

KEPT_DAYS = 1
"""Days after which the last heartbeat of a dead process is deleted from the database."""

INSERT_SQL = """
INSERT INTO veritrain_state_leases (id, work, what, holder, token, since, beat_at)
VALUES (:id, :work, 'working on a run', :holder, :token, clock_timestamp(), clock_timestamp())
ON CONFLICT (id) DO UPDATE SET token = excluded.token, beat_at = excluded.beat_at
"""

DELETE_SQL = """
DELETE FROM veritrain_state_leases
WHERE work LIKE 'process %' AND beat_at < clock_timestamp() - make_interval(days => :days)
"""

_held: dict[tuple[int, str], leases.Lease] = {}
"""Lease on this process's own name, by process id (a forked process has another name) and database address."""


def hold(name: str) -> None:
    """Show other machines from now on that this process is alive; do nothing unless machines share the tracking store.

    Args:
        name: Name of the process, from `core/liveness.py`.
    """
    if not database.is_shared():
        return
    key = (os.getpid(), database.address())
    lease = _held.get(key)
    if lease is None or lease.lost:
        _held[key] = _insert(name)
        leases.keep(_held[key])


def announce(name: str) -> None:
    """Write a first heartbeat for a process that was just started, so that other machines don't take it for dead.

    Args:
        name: Name of the process, from `core/liveness.py`.
    """
    if database.is_shared():
        _insert(name)


def _insert(name: str) -> leases.Lease:
    from sqlalchemy import text

    lease = leases.Lease(leases.lease_id(_work(name)), uuid.uuid4().hex)
    values = {"id": lease.id, "work": _work(name), "holder": name, "token": lease.token}

    def insert(connection: Connection) -> None:
        connection.execute(text(DELETE_SQL), {"days": KEPT_DAYS})
        connection.execute(text(INSERT_SQL), values)

    database.run(insert)
    return lease


def is_alive(name: str) -> bool | None:
    """Return whether a process is alive, on this or another machine; None when this machine can't tell.

    Args:
        name: Name of the process, from `core/liveness.py`.
    """
    seen_here = liveness.is_alive(name)
    if seen_here is not None or not database.is_shared():
        return seen_here
    return leases.is_leased(_work(name))


def _work(name: str) -> str:
    return f"process {name}"
