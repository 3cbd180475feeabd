"""MLflow's SQLAlchemy engines for SQLite stores, with SQL statements that were compiled before the process was forked.

SQLAlchemy compiles each kind of query to SQL once for each engine, which takes most of the time of the first queries.
The process from which kernels are forked runs the queries in advance on a temporary store (`warm_sql_cache`), and the
engines of the forked processes reuse the compiled SQL.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from veritrain_lib.fast.shortcuts import is_on

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient
    from sqlalchemy.engine import Engine

_warmed_engines: dict[Any, Engine] = {}
"""Engine without connections whose SQL cache holds the usual queries, by MLflow's store class."""


def store_classes() -> tuple[Any, ...]:
    """Return MLflow's two SQL store classes: that of runs and that of the model registry."""
    from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore as Registry
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore as Runs

    return Runs, Registry


def open_engines(address: str, configure: Callable[[Any, Any], None]) -> None:
    """Create MLflow's engines for a SQLite tracking URI, with the compiled SQL statements if there are any.

    For other stores only MLflow's number of connection attempts is reduced.

    Args:
        address: The tracking URI.
        configure: Listener of SQLAlchemy's event "connect", which sets up each new connection.
    """
    from mlflow.store.db import utils

    utils.MAX_RETRY_COUNT = 3  # each of its tries silently waits twice as long as the one before
    if not address.startswith("sqlite:"):
        return
    from sqlalchemy import event

    if "%" in address:
        # MLflow takes the quoted path for the folder's name and would make that folder, too.
        utils._make_parent_dirs_if_sqlite = lambda db_uri: None
    for store_class in store_classes():
        existed = address in store_class._engine_map
        engine: Any = store_class._get_or_create_engine(address)
        if existed:
            continue
        event.listen(engine, "connect", configure)
        engine.dispose()  # drop connections from before the listener
        warmed = _warmed_engines.get(store_class)
        if warmed is not None and is_on("sql_cache"):
            # The cache belongs to a dialect; both are independent of the database file.
            engine.dialect, engine._compiled_cache = warmed.dialect, warmed._compiled_cache


def warm_sql_cache(create_store: Callable[[Path], object]) -> None:
    """Compile the SQL statements of all queries that stages use, by running the queries on a temporary store.

    No connection stays open, so that the process can be forked afterwards.

    Args:
        create_store: Function that creates an MLflow store at a path.
    """
    if not is_on("sql_cache"):
        return
    from mlflow.tracking import MlflowClient

    with tempfile.TemporaryDirectory(prefix="veritrain-rehearsal-") as folder:
        address = f"sqlite:///{folder}/mlflow.db"
        create_store(Path(folder) / "mlflow.db")
        open_engines(address, lambda connection, record: None)
        client = MlflowClient(tracking_uri=address, registry_uri=address)
        file = Path(folder) / "file.txt"
        file.write_text("rehearsed", encoding="utf-8")
        artifact_location = Path(folder).as_uri() + "/artifacts"
        experiment_id = client.create_experiment(
            "rehearsal", artifact_location=artifact_location, tags={"a": "b"}
        )
        client.create_registered_model("m", tags={"a": "b"}, description="rehearsal")
        for number in (1, 2):
            run_id = client.create_run(
                experiment_id, tags={"a": "b", "c": "d"}, run_name="rehearsal"
            ).info.run_id
            _warm_run_queries(client, run_id, file)
            _warm_model_queries(client, experiment_id, run_id, artifact_location)
            client.search_runs([experiment_id], "tags.`a` = 'b'", max_results=5)
            client.get_run(run_id)
            client.get_experiment(experiment_id)
            client.get_experiment_by_name("rehearsal")
            client.set_experiment_tag(experiment_id, "a", str(number))
            client.set_terminated(run_id, "FINISHED")
        for store_class in store_classes():
            engine = store_class._engine_map.pop(address)
            engine.dispose()
            _warmed_engines[store_class] = engine


def _warm_run_queries(client: MlflowClient, run_id: str, file: Path) -> None:
    """Log metrics, parameters, tags, a dataset and a file to a run, as stages do, so that the SQL is compiled."""
    from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, RunTag

    now = int(time.time() * 1000)
    client.log_batch(
        run_id,
        metrics=[Metric("m", 1.0, now, 0), Metric("n", 2.0, now, 0)],
        params=[Param("p", "1"), Param("q", "2")],
        tags=[RunTag("t", "1"), RunTag("u", "2")],
    )
    client.log_batch(run_id, tags=[RunTag("t", "2")])
    client.log_batch(run_id, metrics=[Metric("m", 2.0, now, 1)])
    client.set_tag(run_id, "v", "1")
    client.set_tag(run_id, "v", "2")
    dataset = Dataset("d@1", "12", "veritrain", "{}", schema="{}", profile="{}")
    client.log_inputs(run_id, datasets=[DatasetInput(dataset, [InputTag("mlflow.data.context", "made")])])
    client.log_artifact(run_id, str(file), "notebook")


def _warm_model_queries(
    client: MlflowClient, experiment_id: str, run_id: str, artifact_location: str
) -> None:
    """Log a model, register it as a version, and find it by its alias, as stages do, so that the SQL is compiled."""
    from mlflow.entities import Metric

    logged_model = client.create_logged_model(
        experiment_id,
        name="m",
        source_run_id=run_id,
        params={"a": "b"},
        tags={"a": "b"},
        model_type="classifier",
    )
    client.finalize_logged_model(logged_model.model_id, "READY")
    now = int(time.time() * 1000)
    client.log_batch(run_id, metrics=[Metric("m", 1.0, now, 0, model_id=logged_model.model_id)])
    client.get_logged_model(logged_model.model_id)
    # An address `models:/...` would be looked up in the store of MLflow's global settings.
    version = client.create_model_version(
        "m", artifact_location, run_id=run_id, tags={"a": "b"}, description="rehearsal"
    )
    client.set_registered_model_alias("m", "challenger", version.version)
    client.get_model_version_by_alias("m", "challenger")
    client.get_model_version("m", version.version)
