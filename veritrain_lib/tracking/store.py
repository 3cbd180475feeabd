"""Which MLflow store holds the record, and the client that talks to it."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING, cast

from veritrain_lib.core import project
from veritrain_lib.core.errors import Infrastructure, UserError
from veritrain_lib.core.machine_fault import machine_fault
from veritrain_lib.llm import keys
from veritrain_lib.tracking import address as addresses
from veritrain_lib.tracking import (
    disk_reserve,
    missing_artifacts,
    retrying_client,
    sqlite_engines,
    sqlite_reader,
)
from veritrain_lib.tracking.entities import Experiment

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

    from veritrain_lib.core.task import Task

TRIES = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "60",
}
"""How MLflow's client asks a server, unless the environment says otherwise: its own 7 tries are silent for minutes,
ours (`patience`) go on after these and say so."""


def uri() -> str:
    """The tracking URI: `MLFLOW_TRACKING_URI` when set, else the database of `DATABASE_URL`, else
    `<project>/mlflow.db`, always absolute.

    A relative sqlite path in the environment is kept as it is given: it means what it means to MLflow.
    """
    given = os.environ.get("MLFLOW_TRACKING_URI") or database_url(keys.project_setting("DATABASE_URL"))
    return given or addresses.of_file(project.root() / "mlflow.db")


def shown() -> str:
    """The tracking URI as people may read it: without a password."""
    return addresses.shown(uri())


def database_url(given: str) -> str:
    """A database's address as SQLAlchemy 2.1 wants it: drivers of asyncio and old names are put right.

    Raises UserError for a database that MLflow's store can't be in. Empty stays empty.
    """
    if not given:
        return ""
    scheme, separator, rest = given.partition("://")
    base = scheme.partition("+")[0]
    kind = {"postgres": "postgresql"}.get(base, base)
    if not separator or kind not in ("postgresql", "sqlite"):
        raise UserError(
            f"DATABASE_URL begins with {scheme!r}; allowed: postgresql://USER:PASSWORD@HOST/NAME or sqlite:///FILE"
        )
    return f"{kind}://{rest}"


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
    for name, value in TRIES.items():
        os.environ.setdefault(name, value)
    import logging

    import mlflow
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    # MLflow announces each of its migrations on a fresh store; a person at a terminal has no use for them.
    loud = ("alembic", "mlflow.store.db.utils", "mlflow.tracking._model_registry.client", "mlflow.pyfunc")
    for name in loud:
        logging.getLogger(name).setLevel(logging.WARNING)
    # It logs a traceback and raises the same error; ours says what is wrong in one line.
    logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)
    retrying_client.wait_until_reached(address)
    if address == addresses.of_file(project.root() / "mlflow.db"):
        from veritrain_lib.tracking import store_template

        store_template.provide(project.root() / "mlflow.db")
        disk_reserve.keep()
    _point_mlflow_at(address)
    try:
        sqlite_engines.open_engines(address)
        found = mlflow.tracking.MlflowClient(tracking_uri=address, registry_uri=address)
        if is_remote():
            # A database is opened and its schema checked by now, a server not yet asked.
            found.search_experiments(max_results=1)
    except (MlflowException, SQLAlchemyError, OSError) as error:
        why = machine_fault(error) or next(iter(str(error).splitlines()), type(error).__name__)
        raise Infrastructure(
            f"the MLflow store {addresses.shown(address)} can't be opened: "
            f"{addresses.without_passwords(why, address)}. Check MLFLOW_TRACKING_URI or run: veritrain doctor"
        ) from error
    return cast("MlflowClient", retrying_client.PatientClient(found, address))


def is_open() -> bool:
    """Whether this process has a client of a store."""
    return _client.cache_info().currsize > 0


def forget() -> None:
    """Let go of the clients; the next use opens its store anew."""
    _client.cache_clear()


def find_experiment(name: str) -> Experiment | None:
    """The experiment of a name, deleted or not; None when there is none."""
    try:
        with sqlite_reader.at(uri()) as seen:
            return seen.experiment(name)
    except sqlite_reader.CannotGlance:
        found = client().get_experiment_by_name(name)
        return Experiment.of(found) if found else None


def experiments() -> list[Experiment]:
    """Every experiment that is not deleted."""
    try:
        with sqlite_reader.at(uri()) as seen:
            return seen.experiments()
    except sqlite_reader.CannotGlance:
        return [Experiment.of(one) for one in client().search_experiments()]


def tags_of_experiments(prefix: str) -> dict[str, dict[str, str]]:
    """Tags whose key begins so, of every experiment, deleted ones too, by experiment id."""
    try:
        with sqlite_reader.at(uri()) as seen:
            return seen.experiment_tags(prefix)
    except sqlite_reader.CannotGlance:
        from mlflow.entities import ViewType

        found: dict[str, dict[str, str]] = {}
        page: str | None = None
        while page != "":
            part = client().search_experiments(view_type=ViewType.ALL, page_token=page)
            for one in part:
                tags = {key: value for key, value in one.tags.items() if key.startswith(prefix)}
                if tags:
                    found[one.experiment_id] = tags
            page = part.token or ""
        return found


def experiment(task: Task) -> Experiment:
    """The experiment of a task, made when it is not there yet (its note is the task's description)."""
    found = find_experiment(task.name)
    if found is None:
        _make_experiment(task)
        found = find_experiment(task.name)
    assert found is not None
    if found.lifecycle_stage != "active":
        raise missing_artifacts.of_experiment(
            task.name, found.experiment_id, uri() if uri().startswith("sqlite:") else ""
        )
    return found


def _make_experiment(task: Task) -> None:
    talk = client()
    from mlflow.exceptions import MlflowException

    place = None if is_remote() else project.artifacts().resolve().as_uri() + f"/{task.name}"
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
