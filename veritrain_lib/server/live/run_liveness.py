"""Which runs can be watched, and how one that nobody works on any more is set right."""

from __future__ import annotations

from typing import Literal

from veritrain_lib.tracking import listing, run_events
from veritrain_lib.tracking.datasets import PREFIX

DATASET_KINDS = ("upload", "generation")


def is_known(kind: Literal["experiment", "dataset"], given: str) -> bool:
    """Whether there is such a thing; what has ended long ago is one too."""
    if not (given.isascii() and given.isalnum() and len(given) <= 64):
        return False
    run = listing.read_runs([given]).get(given)
    if run is None:
        return False
    tags = run.data.tags
    if kind == "experiment":
        return tags.get("veritrain.kind") == "round"
    return f"{PREFIX}version" in tags or tags.get("veritrain.kind") in DATASET_KINDS


def settle(run_id: str) -> None:
    """See `watched.settle`."""
    run = listing.read_runs([run_id]).get(run_id)
    if run is not None:
        run_events.settle(run)
