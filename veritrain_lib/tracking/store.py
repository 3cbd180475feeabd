"""Which MLflow store holds the record, and the client that talks to it."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING

from veritrain_lib import project
from veritrain_lib.errors import Infrastructure

if TYPE_CHECKING:
    from mlflow.entities import Experiment
    from mlflow.tracking import MlflowClient

    from veritrain_lib.task import Task


def uri() -> str:
    """The tracking URI: `MLFLOW_TRACKING_URI` when set, else `<project>/mlflow.db`, always absolute.

    A relative sqlite path in the environment is kept as it is given: it means what it means to MLflow.
    """
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{project.root() / 'mlflow.db'}"


def is_remote() -> bool:
    """Whether the store is a server, which then chooses where artifacts go."""
    return uri().startswith(("http://", "https://"))


def client() -> MlflowClient:
    """A client of the store; every room that writes to the record goes through it."""
    address = uri()
    found = _client(address)
    import mlflow

    if mlflow.get_tracking_uri() != address:
        # Opening a model by its address goes through MLflow's own globals: they must mean this store too.
        _point_mlflow_at(address)
    return found


def _point_mlflow_at(address: str) -> None:
    import mlflow

    given = os.environ.get("MLFLOW_TRACKING_URI")
    mlflow.set_tracking_uri(address)
    mlflow.set_registry_uri(address)
    if given is None:
        # MLflow writes it there; `uri` must go on telling a user's choice from our own default.
        os.environ.pop("MLFLOW_TRACKING_URI", None)


@cache
def _client(address: str) -> MlflowClient:
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    # Standard output belongs to results: with a server MLflow would print a link there for every run that ends.
    os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
    import logging

    import mlflow
    from mlflow.exceptions import MlflowException

    # MLflow announces each of its migrations on a fresh store; a person at a terminal has no use for them.
    loud = ("alembic", "mlflow.store.db.utils", "mlflow.tracking._model_registry.client", "mlflow.pyfunc")
    for name in loud:
        logging.getLogger(name).setLevel(logging.WARNING)
    _point_mlflow_at(address)
    try:
        found = mlflow.tracking.MlflowClient(tracking_uri=address, registry_uri=address)
        found.search_experiments(max_results=1)
    except (MlflowException, OSError) as error:
        raise Infrastructure(
            f"the MLflow store {address} can't be opened: {str(error).splitlines()[0]}. "
            "Check MLFLOW_TRACKING_URI or run: veritrain doctor"
        ) from error
    return found


def experiment(task: Task) -> Experiment:
    """The experiment of a task, made when it is not there yet (its note is the task's description)."""
    from mlflow.exceptions import MlflowException

    talk = client()
    found = talk.get_experiment_by_name(task.name)
    if found is None:
        place = None if is_remote() else (project.root() / "mlruns").resolve().as_uri() + f"/{task.name}"
        try:
            talk.create_experiment(
                task.name,
                artifact_location=place,
                tags={
                    "mlflow.note.content": task.description,
                    "veritrain.task": task.name,
                    "mlflow.experimentKind": "custom_model_development",
                },
            )
        except MlflowException as error:  # another process made it in between
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
        found = talk.get_experiment_by_name(task.name)
    if found is None or found.lifecycle_stage != "active":
        raise Infrastructure(
            f"the MLflow experiment {task.name!r} is deleted; restore it, or rename the task"
        )
    return found
