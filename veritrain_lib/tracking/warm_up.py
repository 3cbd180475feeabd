"""Preparation of MLflow (imports, caches and SQL) in the process from which notebook kernels are forked."""

from __future__ import annotations

from importlib import import_module

from veritrain_lib.core import digest
from veritrain_lib.fast import mlflow_engines, mlflow_lookups
from veritrain_lib.tracking import served_model, store_template

PRELOADED_MODULES = (
    "mlflow.pyfunc",
    "mlflow.tracking",
    "mlflow.store.tracking.sqlalchemy_workspace_store",
    "mlflow.store.tracking.sqlalchemy_store",
    "mlflow.store.model_registry.sqlalchemy_store",
    "mlflow.store.artifact.local_artifact_repo",
    # Imported by the first `mlflow.set_tracking_uri`.
    "mlflow.tracing.processor.base_mlflow",
    "mlflow.tracing.processor.otel",
    "sqlalchemy.dialects.sqlite",
    # Needed to open a student model; its import scans every estimator of scikit-learn.
    "skops.io",
)
"""Modules that a stage would otherwise import at its first use of MLflow."""


STUDENT_PACKAGES = ("mlflow", "scikit-learn", "skops", "numpy", "scipy", "pandas")
"""Packages whose versions are pinned in the requirements of a stored student, the small default model."""


def warm_up() -> None:
    """Import and prepare everything of MLflow that a stage needs, before notebook kernels are forked.

    No connection to a store stays open. The function may be called several times.
    """
    import sqlalchemy.orm

    for name in PRELOADED_MODULES:
        import_module(name)
    sqlalchemy.orm.configure_mappers()
    mlflow_lookups.remember_lookups(STUDENT_PACKAGES)
    for package in STUDENT_PACKAGES:
        served_model.pinned_requirement(package)
    mlflow_engines.warm_sql_cache(store_template.create_store)
    digest.of_code()
    digest.of_code(*digest.MODEL_CODE)
