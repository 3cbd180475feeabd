"""Checks of runs that clients follow live: whether a run exists, and whether its process has died."""

from __future__ import annotations

from typing import Literal

from veritrain_lib.tracking import listing, run_events
from veritrain_lib.tracking.datasets import PREFIX

DATASET_KINDS = ("upload", "generation")
"""Kinds of runs (tag `veritrain.kind`) that make a dataset on the server."""


def run_exists(kind: Literal["experiment", "dataset"], run_id: str) -> bool:
    """Return whether an experiment or dataset with this run id exists, so that a client can follow its events.

    The run may be running or have ended.

    Args:
        kind: `experiment` for a round of the improvement loop, `dataset` for a run that makes a dataset.
        run_id: Id of the MLflow run.
    """
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
    """Close a run as KILLED if the process that worked on it has died; do nothing if there is no such run."""
    run = listing.read_runs([run_id]).get(run_id)
    if run is not None:
        run_events.reconcile(run)
