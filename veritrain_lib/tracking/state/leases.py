"""Leases: claims on work that are rows in the shared PostgreSQL database, so that they hold between machines.

A holder renews its leases by a heartbeat every `BEAT_S` seconds. A lease that was not renewed for `TTL_S` seconds has
ended, and another process can take it. All times are those of the database's clock, so the clocks of the machines do
not matter. After a restart of the database no lease ends before its holder had time to renew it. The lease of a dead
process of this machine can be taken at once.
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time
import uuid
from dataclasses import dataclass, field

from veritrain_lib.core import digest, liveness
from veritrain_lib.core.claims import Holder, Lock
from veritrain_lib.tracking.state import database

BEAT_S = 5.0
"""Seconds between two heartbeats, each of which renews all leases of this process."""

TTL_S = 30.0
"""Seconds without a heartbeat after which a lease has ended; five heartbeats may fail, as in a database restart."""

ACQUIRE_SQL = """
INSERT INTO veritrain_state_leases AS lease (id, work, what, holder, token, since, beat_at)
VALUES (:id, :work, :what, :holder, :token, clock_timestamp(), clock_timestamp())
ON CONFLICT (id) DO UPDATE
SET what = excluded.what, holder = excluded.holder, token = excluded.token, since = excluded.since, beat_at = excluded.beat_at
WHERE lease.token IN (:dead_token, excluded.token) OR (
    lease.beat_at < clock_timestamp() - make_interval(secs => :ttl)
    AND pg_postmaster_start_time() < clock_timestamp() - make_interval(secs => :ttl)
)
RETURNING token
"""

RENEW_SQL = """
UPDATE veritrain_state_leases SET beat_at = clock_timestamp() WHERE token = ANY(:tokens) RETURNING token
"""

log = logging.getLogger("veritrain")


@dataclass
class Lease:
    """Claim on a piece of work that this process holds, stored in the database and valid on all machines.

    Attributes:
        id: Digest of the work's name.
        token: Unique text of this claim; a later holder of the same work gets another one.
        renewed_at: Time of the last renewal, in seconds of `time.monotonic`.
        lost: Whether the lease has ended and another process may have taken it.
    """

    id: str
    token: str
    renewed_at: float = field(default_factory=time.monotonic)
    lost: bool = False

    def is_held(self) -> bool:
        """Renew the lease and return whether this process still holds it."""
        if not self.lost:
            _renew([self], wait=True)
        return not self.lost

    def release(self) -> None:
        """Delete the lease from the database, so that others can take it; if that fails, it ends after `TTL_S`."""
        from sqlalchemy import text
        from sqlalchemy.exc import SQLAlchemyError

        _held.pop(self.token, None)
        sql = text("DELETE FROM veritrain_state_leases WHERE id = :id AND token = :token")
        values = {"id": self.id, "token": self.token}
        with contextlib.suppress(SQLAlchemyError):
            database.run(lambda connection: connection.execute(sql, values), wait=False)


_held: dict[str, Lease] = {}
"""Leases that this process holds, by token; its heartbeat renews them."""

_heartbeat: list[threading.Thread] = []
_start = threading.Lock()


def _forget() -> None:
    """Forget all leases in a forked process, which has no heartbeat thread; they still belong to the parent process."""
    global _start  # a lock that a thread of the parent holds stays locked in the fork
    _held.clear()
    _heartbeat.clear()
    _start = threading.Lock()


os.register_at_fork(after_in_child=_forget)


class LeaseLocks:
    """Locks for claims that are leases in the database, used where machines share the tracking store.

    Such a lock ends when its process stops renewing it. The class implements `core.claims.Locks`.
    """

    def acquire(self, work: str, what: str) -> Lock | None:
        """Take the lease of a piece of work if no other process holds it.

        It implements `core.claims.Locks.acquire`.

        Args:
            work: Name of the work.
            what: Description of the work for people.

        Returns:
            The lease, or None if another process holds it.
        """
        from sqlalchemy import text

        lease = Lease(lease_id(work), uuid.uuid4().hex)
        holder = liveness.current_process_name()
        values = {"work": work, "what": what, "holder": holder, "ttl": TTL_S, "dead_token": _dead_token(work)}
        values |= {"id": lease.id, "token": lease.token}
        token = database.run(lambda connection: connection.scalar(text(ACQUIRE_SQL), values))
        if token is None:
            return None
        keep(lease)
        return lease

    def holder(self, work: str) -> Holder | None:
        """Return the process that holds the lease of a piece of work; None if none holds it.

        It implements `core.claims.Locks.holder`.
        """
        row = _row(work)
        return Holder(row[1], row[2], row[3]) if row else None


LEASES = LeaseLocks()


def keep(lease: Lease) -> None:
    """Add a lease to those that this process's heartbeat renews."""
    _held[lease.token] = lease
    _start_heartbeat()


def lease_id(work: str) -> str:
    """Return the id of the lease of a piece of work: the digest of the work's name."""
    return digest.of_json(work)


def _row(work: str) -> tuple[str, str, float, str] | None:
    """Return the database row of the lease of a piece of work, None without one.

    It is a tuple of the token, the holder's process name, the start in seconds since 1970, and the description.
    """
    from sqlalchemy import text

    sql = "SELECT token, holder, extract(epoch FROM since), what FROM veritrain_state_leases WHERE id = :id"
    row = database.run(lambda connection: connection.execute(text(sql), {"id": lease_id(work)}).first())
    return (str(row[0]), str(row[1]), float(row[2]), str(row[3])) if row else None


def _dead_token(work: str) -> str:
    """Return the token of a lease whose holder was a process of this machine and is dead; otherwise an empty text."""
    row = _row(work)
    return row[0] if row and liveness.is_alive(row[1]) is False else ""


def is_leased(work: str) -> bool:
    """Return whether a process holds the lease of a piece of work and its last heartbeat is recent enough."""
    from sqlalchemy import text

    sql = (
        "SELECT 1 FROM veritrain_state_leases WHERE id = :id AND (beat_at >= clock_timestamp() - make_interval(secs => :ttl)"
        " OR pg_postmaster_start_time() >= clock_timestamp() - make_interval(secs => :ttl))"
    )
    values = {"id": lease_id(work), "ttl": TTL_S}
    return database.run(lambda connection: connection.scalar(text(sql), values)) is not None


def _start_heartbeat() -> None:
    with _start:
        if not (_heartbeat and _heartbeat[0].is_alive()):
            _heartbeat[:] = [threading.Thread(target=_beat, name="veritrain leases", daemon=True)]
            _heartbeat[0].start()


def _beat() -> None:
    while True:
        time.sleep(BEAT_S)
        try:
            _renew(list(_held.values()))
        except Exception as error:  # noqa: BLE001  # the database is away: the next beat tries again
            log.debug("leases were not renewed: %s", error)


def _renew(leases: list[Lease], *, wait: bool = False) -> None:
    from sqlalchemy import text

    if not leases:
        return
    tokens = {"tokens": [lease.token for lease in leases]}
    renewed = set(
        database.run(lambda connection: connection.scalars(text(RENEW_SQL), tokens).all(), wait=wait)
    )
    for lease in leases:
        if lease.token in renewed:
            lease.renewed_at = time.monotonic()
        elif lease.token in _held:  # not just released by another thread
            lease.lost = True
            _held.pop(lease.token, None)
