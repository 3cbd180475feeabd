"""MLflow's connections to a store that is a SQLite file: made ready once, by what a process did before it forked.

SQLAlchemy turns each kind of question into SQL once for an engine and dialect, which takes most of the time of the
first ones. A process that others are forked from asks them ahead, of a store of its own (`rehearse`); the engines
of a fork take over what was learnt.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

_rehearsed: dict[Any, Engine] = {}
"""By MLflow's class of store: an engine without connections that knows the SQL of the usual questions."""


def stores() -> tuple[Any, ...]:
    """MLflow's classes of SQL stores: runs, and the registry."""
    from mlflow.store.model_registry.sqlalchemy_store import SqlAlchemyStore as Registry
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore as Runs

    return Runs, Registry


def open_engines(address: str) -> None:
    """Have MLflow's engines for a tracking URI, with what was learnt. Nothing happens for another kind of store."""
    from mlflow.store.db import utils

    utils.MAX_RETRY_COUNT = (
        3  # each of its tries waits twice as long as the one before, without a word to the user
    )
    if not address.startswith("sqlite:"):
        return
    from sqlalchemy import event

    if "%" in address:
        # MLflow takes the quoted path for the folder's name and would make that folder, too.
        utils._make_parent_dirs_if_sqlite = lambda db_uri: None
    for kind in stores():
        known = address in kind._engine_map
        engine: Any = kind._get_or_create_engine(address)
        if known:
            continue
        event.listen(engine, "connect", _sync_less)
        engine.dispose()  # connections from before the listener
        learnt = _rehearsed.get(kind)
        if learnt is not None:
            # What is kept belongs to a dialect; both are one file's as well as another's.
            engine.dialect, engine._compiled_cache = learnt.dialect, learnt._compiled_cache


def _sync_less(connection: Any, _: object) -> None:
    """Write-ahead log, synced at checkpoints: safe when processes are killed (https://sqlite.org/wal.html)."""
    mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()
    if mode and mode[0] == "wal":
        connection.execute("PRAGMA synchronous = NORMAL")


def wait_for_writers(connection: Any, _: object) -> None:
    """For a connection of our own to a SQLite store: write-ahead log, and 20 s for a writer, as MLflow waits."""
    connection.execute("PRAGMA busy_timeout = 20000")
    _sync_less(connection, None)


def rehearse() -> None:
    """Ask MLflow, on a store that is thrown away, what stages ask: runs, measures, files, versions.

    Leaves no connection, so that a process may be forked afterwards.
    """
    from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, RunTag
    from mlflow.tracking import MlflowClient

    from veritrain_lib.tracking import store_template

    with tempfile.TemporaryDirectory(prefix="veritrain-rehearsal-") as folder:
        address = f"sqlite:///{folder}/mlflow.db"
        store_template.provide(Path(folder) / "mlflow.db")
        open_engines(address)
        talk = MlflowClient(tracking_uri=address, registry_uri=address)
        file = Path(folder) / "file.txt"
        file.write_text("rehearsed", encoding="utf-8")
        place = Path(folder).as_uri() + "/artifacts"
        home = talk.create_experiment("rehearsal", artifact_location=place, tags={"a": "b"})
        for number in (1, 2):
            run = talk.create_run(home, tags={"a": "b", "c": "d"}, run_name="rehearsal").info.run_id
            now = int(time.time() * 1000)
            talk.log_batch(
                run,
                metrics=[Metric("m", 1.0, now, 0), Metric("n", 2.0, now, 0)],
                params=[Param("p", "1"), Param("q", "2")],
                tags=[RunTag("t", "1"), RunTag("u", "2")],
            )
            talk.log_batch(run, tags=[RunTag("t", "2")])
            talk.log_batch(run, metrics=[Metric("m", 2.0, now, 1)])
            talk.set_tag(run, "v", "1")
            talk.set_tag(run, "v", "2")
            used = Dataset("d@1", "12", "veritrain", "{}", schema="{}", profile="{}")
            talk.log_inputs(run, datasets=[DatasetInput(used, [InputTag("mlflow.data.context", "made")])])
            talk.log_artifact(run, str(file), "notebook")
            logged = talk.create_logged_model(
                home, name="m", source_run_id=run, params={"a": "b"}, tags={"a": "b"}, model_type="classifier"
            )
            talk.finalize_logged_model(logged.model_id, "READY")
            talk.log_batch(run, metrics=[Metric("m", 1.0, now, 0, model_id=logged.model_id)])
            if number == 1:
                talk.create_registered_model("m", tags={"a": "b"}, description="rehearsal")
            talk.get_logged_model(logged.model_id)
            # An address `models:/...` would be looked up in whichever store MLflow's globals mean.
            made = talk.create_model_version("m", place, run_id=run, tags={"a": "b"}, description="rehearsal")
            talk.set_registered_model_alias("m", "challenger", made.version)
            talk.get_model_version_by_alias("m", "challenger")
            talk.get_model_version("m", made.version)
            talk.search_runs([home], "tags.`a` = 'b'", max_results=5)
            talk.get_run(run)
            talk.get_experiment(home)
            talk.get_experiment_by_name("rehearsal")
            talk.set_experiment_tag(home, "a", str(number))
            talk.set_terminated(run, "FINISHED")
        for kind in stores():
            engine = kind._engine_map.pop(address)
            engine.dispose()
            _rehearsed[kind] = engine
