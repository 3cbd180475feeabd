"""Preparation of MLflow in a process that others are forked from: imports, caches and compiled SQL."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any

from veritrain_lib.core import digest
from veritrain_lib.tracking import served_model, sqlite_engines

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
"""Modules that a stage would import when it first uses MLflow."""


STUDENT_PACKAGES = ("mlflow", "scikit-learn", "skops", "numpy", "scipy", "pandas")
"""Packages whose versions are pinned in a stored student model."""


def warm_up() -> None:
    """Import and prepare what a stage needs of MLflow.

    No store stays open, and repeated calls are allowed.
    """
    import sqlalchemy.orm

    for name in PRELOADED_MODULES:
        import_module(name)
    sqlalchemy.orm.configure_mappers()
    requirements_utils = import_module("mlflow.utils.requirements_utils")
    # Logging a model looks up the installed package of each module, and its version.
    requirements_utils._init_packages_to_modules_map()
    installed_version = _memoize(requirements_utils, "_get_installed_version")
    for package in STUDENT_PACKAGES:
        installed_version(package, requirements_utils._PACKAGES_TO_MODULES.get(package))
        served_model.pinned_requirement(package)
    # Every opened store looks up the newest migration, which loads all of them; once is enough.
    _memoize(import_module("mlflow.store.db.utils"), "_get_latest_schema_revision")()
    sqlite_engines.warm_sql_cache()
    digest.of_code()
    digest.of_code(*digest.MODEL_CODE)


def _memoize(module: ModuleType, name: str) -> Callable[..., Any]:
    """Cache a function of a module whose results do not change while a process lives."""
    function: Callable[..., Any] = getattr(module, name)
    if not hasattr(function, "cache_info"):
        function = cache(function)
        setattr(module, name, function)
    return function
