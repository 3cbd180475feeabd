"""What a process that others are forked from can do ahead for their use of the record."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from veritrain_lib import digest
from veritrain_lib.tracking import engines

IMPORTS = (
    "mlflow.pyfunc",
    "mlflow.tracking",
    "mlflow.store.tracking.sqlalchemy_workspace_store",
    "mlflow.store.tracking.sqlalchemy_store",
    "mlflow.store.model_registry.sqlalchemy_store",
    "mlflow.store.artifact.local_artifact_repo",
    # What `mlflow.set_tracking_uri` loads the first time.
    "mlflow.tracing.processor.base_mlflow",
    "mlflow.tracing.processor.otel",
    "sqlalchemy.dialects.sqlite",
    # Opening a student loads it, and at its import it looks through every estimator of scikit-learn.
    "skops.io",
)
"""Modules that a stage would load in its first use of the record."""


def warm_up() -> None:
    """Import and prepare what a stage needs of mlflow. Leaves no store open; may be called twice."""
    import sqlalchemy.orm

    for name in IMPORTS:
        import_module(name)
    sqlalchemy.orm.configure_mappers()
    # Logging a model asks which installed package each module belongs to.
    import_module("mlflow.utils.requirements_utils")._init_packages_to_modules_map()
    schema = import_module("mlflow.store.db.utils")
    newest = schema._get_latest_schema_revision
    if not hasattr(newest, "cache_info"):
        # Every store that is opened asks for the newest migration, which loads all of them; one answer is enough.
        kept = cache(newest)
        kept()
        schema._get_latest_schema_revision = kept  # type: ignore[attr-defined]
    engines.rehearse()
    digest.of_code()
