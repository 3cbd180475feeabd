"""Claims on work that another machine could do at the same time.

A claim is a lease in the database where several machines share the tracking store, else a lock file of this machine.
Work on what only one machine has, such as a folder of checkpoints, is claimed with `core/claims.py` instead.
"""

from __future__ import annotations

from veritrain_lib.core import claims
from veritrain_lib.core.claims import FILES, QUIET_S, Claim, Locks, Notify
from veritrain_lib.tracking.state import database


def claim(work: str, what: str, *, notify: Notify | None = None, quiet_s: float = 0.0) -> Claim:
    """Claim a piece of work, so that nobody else does it at the same time; wait while somebody else has claimed it.

    The claim excludes other threads and processes, and other machines where they share the tracking store.

    Args:
        work: Name of the work; the same work must have the same name everywhere.
        what: Name of the work for people, such as `stage gate of task support`.
        notify: Function that receives a line about the process that is waited for, at once and then every minute; None
            prints the lines to standard error.
        quiet_s: Seconds to wait before the first line.

    Returns:
        The claim, which holds until its `release`, or until the end of a `with` block.

    Raises:
        Infrastructure: Files in the project's folder can't be locked.
    """
    return claims.claim(work, what, notify=notify, quiet_s=quiet_s, locks=_locks())


def claim_update(work: str, what: str) -> Claim:
    """Claim a short piece of work that changes the tracking store, such as choosing a version number.

    It waits while somebody else has claimed the same work, and reports that after `QUIET_S` seconds.

    Args:
        work: Name of the work; the same work must have the same name everywhere.
        what: Name of the work for people.

    Returns:
        The claim, which holds until its `release`, or until the end of a `with` block.
    """
    return claim(work, what, quiet_s=QUIET_S)


def _locks() -> Locks:
    if not database.is_shared():
        return FILES
    from veritrain_lib.tracking.state.leases import LEASES

    return LEASES


__all__ = ["Claim", "Notify", "claim", "claim_update"]
