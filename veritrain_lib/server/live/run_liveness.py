"""Lookup of the runs that can be followed, and closing of runs whose process has died."""

from __future__ import annotations

from typing import Literal

from veritrain_lib.tracking import listing, run_events
from veritrain_lib.tracking.datasets import PREFIX

DATASET_KINDS = ("upload", "generation")


def run_exists(kind: Literal["experiment", "dataset"], run_id: str) -> bool:
    """Return whether there is a run of this kind, running or ended."""
    if not (run_id.isascii() and run_id.isalnum() and len(run_id) <= 64):
        return False
    run = listing.read_runs([run_id]).get(run_id)
    if run is None:
        return False
    tags = run.data.tags
    if kind == "experiment":
        return tags.get("veritrain.kind") == "round"
    return f"{PREFIX}version" in tags or tags.get("veritrain.kind") in DATASET_KINDS


def settle(run_id: str) -> None:
    """Close a run whose owner has died; see `run_events.settle`."""
    run = listing.read_runs([run_id]).get(run_id)
    if run is not None:
        run_events.reconcile(run)
