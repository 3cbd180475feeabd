"""MLflow store of the project: its tracking URI, its client, and its experiments."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING, cast

from veritrain_lib.core import project
from veritrain_lib.core.errors import Infrastructure, UserError
from veritrain_lib.core.machine_fault import machine_fault
from veritrain_lib.fast import mlflow_engines
from veritrain_lib.llm import keys
from veritrain_lib.tracking import address as addresses
from veritrain_lib.tracking import (
    disk_reserve,
    missing_artifacts,
    opening,
    retrying_client,
    sqlite_reader,
    sqlite_settings,
)
from veritrain_lib.tracking.entities import Experiment

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

    from veritrain_lib.core.task import Task

SERVER_SCHEMES = ("http://", "https://")
"""Beginnings of the tracking URI of an MLflow store that is a server."""

RETRY_DEFAULTS = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "60",
}
"""HTTP settings of MLflow's client, unless the environment sets them.

MLflow's own default of 7 tries would be silent for minutes; the tries of `retrying_client` follow and are reported.
"""


def uri() -> str:
    """Return the tracking URI of the project's MLflow store.

    It is `MLFLOW_TRACKING_URI` if that is set, else the database of `DATABASE_URL`, else the absolute path of
    `<project>/mlflow.db`. A relative SQLite path in the environment is not changed, so that it means what it means to
    MLflow.

    Raises:
        UserError: `DATABASE_URL` names another kind of database than PostgreSQL or SQLite.
    """
    configured = os.environ.get("MLFLOW_TRACKING_URI") or database_url(keys.project_setting("DATABASE_URL"))
    return configured or addresses.sqlite_uri(project.root() / "mlflow.db")


def masked_uri() -> str:
    """Return the tracking URI of the project's MLflow store with `***` in place of its password, for messages."""
    return addresses.masked(uri())


def database_url(url: str) -> str:
    """Return a database URL in the form that SQLAlchemy 2.1 expects: `postgres://` and driver names are replaced.

    An empty URL stays empty.

    Raises:
        UserError: The URL names another kind of database than PostgreSQL or SQLite.
    """
    if not url:
        return ""
    scheme, separator, rest = url.partition("://")
    base = scheme.partition("+")[0]
    kind = {"postgres": "postgresql"}.get(base, base)
    if not separator or kind not in ("postgresql", "sqlite"):
        raise UserError(
            f"DATABASE_URL begins with {scheme!r}; allowed: postgresql://USER:PASSWORD@HOST/NAME or sqlite:///FILE"
        )
    return f"{kind}://{rest}"


def is_remote() -> bool:
    """Return whether the MLflow store is a server, reached over HTTP, which then decides where artifacts are stored."""
    return uri().startswith(SERVER_SCHEMES)


def client() -> MlflowClient:
    """Return the client of the project's MLflow store, opened at the first call; every write to the store uses it.

    Raises:
        Infrastructure: The store can't be opened.
    """
    address = uri()
    mlflow_client = _client(address)
    import mlflow

    if mlflow.get_tracking_uri() != address:
        # Opening a model by its address uses MLflow's global settings, which must point at this store too.
        _point_mlflow_at(address)
    return mlflow_client


def _point_mlflow_at(address: str) -> None:
    import mlflow

    configured = os.environ.get("MLFLOW_TRACKING_URI")
    mlflow.set_tracking_uri(address)
    mlflow.set_registry_uri(address)
    if configured is None:
        # MLflow sets the variable; `uri` must still distinguish a user's choice from our default.
        os.environ.pop("MLFLOW_TRACKING_URI", None)


@cache
def _client(address: str) -> MlflowClient:
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    # Standard output belongs to results: with a server MLflow would print a link there for every run that ends.
    os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
    for name, value in RETRY_DEFAULTS.items():
        os.environ.setdefault(name, value)
    import logging

    import mlflow
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    # MLflow logs each of its migrations on a new store, which is noise at a terminal.
    noisy = ("alembic", "mlflow.store.db.utils", "mlflow.tracking._model_registry.client", "mlflow.pyfunc")
    for name in noisy:
        logging.getLogger(name).setLevel(logging.WARNING)
    # It logs a traceback and raises the same error; our message says what is wrong in one line.
    logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)
    retrying_client.wait_until_reachable(address)
    if address == addresses.sqlite_uri(project.root() / "mlflow.db"):
        from veritrain_lib.tracking import store_template

        store_template.create_store(project.root() / "mlflow.db")
        disk_reserve.allocate()
    _point_mlflow_at(address)
    try:
        with opening.one_at_a_time(address):
            mlflow_engines.open_engines(address, sqlite_settings.use_wal)
            mlflow_client = mlflow.tracking.MlflowClient(tracking_uri=address, registry_uri=address)
        if is_remote():
            # A database is open and its schema checked by now; a server has not been contacted yet.
            mlflow_client.search_experiments(max_results=1)
    except (MlflowException, SQLAlchemyError, OSError) as error:
        reason = machine_fault(error) or next(iter(str(error).splitlines()), type(error).__name__)
        raise Infrastructure(
            f"the MLflow store {addresses.masked(address)} can't be opened: "
            f"{addresses.mask_passwords(reason, address)}. Check MLFLOW_TRACKING_URI or run: veritrain doctor"
        ) from error
    return cast("MlflowClient", retrying_client.RetryingClient(mlflow_client, address))


def is_open() -> bool:
    """Return whether this process has already opened a client of an MLflow store."""
    return _client.cache_info().currsize > 0


def close_clients() -> None:
    """Drop the cached clients of MLflow stores, so that the next use opens the store again."""
    _client.cache_clear()


def find_experiment(name: str) -> Experiment | None:
    """Return the MLflow experiment with this name, even if it is deleted; None without one."""
    try:
        with sqlite_reader.open_reader(uri()) as reader:
            return reader.experiment(name)
    except sqlite_reader.UnsupportedRead:
        experiment = client().get_experiment_by_name(name)
        return Experiment.of(experiment) if experiment else None


def experiments() -> list[Experiment]:
    """Return every experiment of the MLflow store that is not deleted."""
    try:
        with sqlite_reader.open_reader(uri()) as reader:
            return reader.experiments()
    except sqlite_reader.UnsupportedRead:
        return [Experiment.of(experiment) for experiment in client().search_experiments()]


def tags_of_experiments(prefix: str) -> dict[str, dict[str, str]]:
    """Return the tags whose key starts with `prefix`, by the id of their MLflow experiment."""
    try:
        with sqlite_reader.open_reader(uri()) as reader:
            return reader.experiment_tags(prefix)
    except sqlite_reader.UnsupportedRead:
        from mlflow.entities import ViewType

        result: dict[str, dict[str, str]] = {}
        page: str | None = None
        while page != "":
            experiments_page = client().search_experiments(view_type=ViewType.ALL, page_token=page)
            for experiment in experiments_page:
                tags = {key: value for key, value in experiment.tags.items() if key.startswith(prefix)}
                if tags:
                    result[experiment.experiment_id] = tags
            page = experiments_page.token or ""
        return result


def experiment(task: Task) -> Experiment:
    """Return the MLflow experiment of a task; create it, with the task's description as its note, if it does not exist.

    Raises:
        MissingArtifact: The experiment was deleted in MLflow.
    """
    experiment = find_experiment(task.name)
    if experiment is None:
        _create_experiment(task)
        experiment = find_experiment(task.name)
    assert experiment is not None
    if experiment.lifecycle_stage != "active":
        raise missing_artifacts.missing_experiment(
            task.name, experiment.experiment_id, uri() if uri().startswith("sqlite:") else ""
        )
    return experiment


def _create_experiment(task: Task) -> None:
    mlflow_client = client()
    from mlflow.exceptions import MlflowException

    artifact_location = None if is_remote() else project.artifacts().resolve().as_uri() + f"/{task.name}"
    try:
        mlflow_client.create_experiment(
            task.name,
            artifact_location=artifact_location,
            tags={
                "mlflow.note.content": task.description,
                "veritrain.task": task.name,
                "mlflow.experimentKind": "custom_model_development",
            },
        )
    except MlflowException as error:  # another process made it in between
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
