"""Lookup of experiments in MLflow's tracking store by id, and of the addresses of their base models."""

from __future__ import annotations

from veritrain_lib.server.http.problems import NotFound
from veritrain_lib.tracking import listing, run_events, runs, version_listing


def find_run(run_id: str) -> runs.Run | None:
    """Return the MLflow run with an id; None if there is none or the text is not a valid id."""
    if not (run_id.isascii() and run_id.isalnum() and len(run_id) <= 64):
        return None
    return listing.read_runs([run_id]).get(run_id)


def find_experiment(experiment_id: str) -> runs.Run:
    """Return the MLflow run of the experiment with an API id; if its process has died, the run is closed first.

    Raises:
        NotFound: There is no such experiment.
    """
    run = find_run(experiment_id)
    if run is None or run.data.tags.get("veritrain.kind") != "round":
        raise NotFound(f"there is no experiment {experiment_id[:100]!r}")
    status_before = run.info.status
    if run_events.reconcile(run) and status_before in ("RUNNING", "SCHEDULED"):
        return find_run(experiment_id) or run
    return run


def model_addresses(model: str) -> list[str]:
    """Return all addresses by which the run of an experiment may name its base model.

    They are the API id, the model URI and, if that version was registered for a model elsewhere, the address of that
    model (such as `openai:/MODEL`).

    Args:
        model: API id of the model, such as `support-3`.
    """
    name, _, version = model.rpartition("-")
    version_item = (
        version_listing.read_version(name, int(version))
        if version.isdecimal() and len(version) < 10
        else None
    )
    address = version_item.version.tags.get("veritrain.address") if version_item else None
    return [model, f"models:/{name}/{version}", *([address] if address else [])]
