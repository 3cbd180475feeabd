"""Names of the owners of claims in the ledger, and checks whether an owner is still alive.

A claim marks a request as in flight and reserves its cost. Its owner is one batch of one process, or the
provider that runs a fine-tuning job.
"""

from __future__ import annotations

import uuid

from veritrain_lib.core import liveness

PROVIDER = "the provider"
"""First part of the owner's name for a fine-tuning job's reservation, which does not end with our process."""


def new_owner() -> str:
    """Return a new name under which one batch of this process claims requests in the ledger."""
    return f"{liveness.current_process_name()}/{uuid.uuid4().hex[:12]}"


def is_process(owner: str) -> bool:
    """Return whether the owner of a ledger claim is a process, rather than the provider of a fine-tuning job."""
    return not owner.startswith(f"{PROVIDER}/")


def is_alive(owner: str) -> bool:
    """Return whether the process that owns a ledger claim is alive; True if that is unknown (another machine)."""
    return liveness.is_alive(owner.rpartition("/")[0]) is not False
