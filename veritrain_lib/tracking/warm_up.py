"""What a process that others are forked from can do ahead for their use of the record."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any

from veritrain_lib.core import digest
from veritrain_lib.tracking import served_model, sqlite_engines

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


STUDENT = ("mlflow", "scikit-learn", "skops", "numpy", "scipy", "pandas")
"""Packages whose versions are pinned in a stored student."""


def warm_up() -> None:
    """Import and prepare what a stage needs of mlflow. Leaves no store open; may be called twice."""
    import sqlalchemy.orm

    for name in IMPORTS:
        import_module(name)
    sqlalchemy.orm.configure_mappers()
    needs = import_module("mlflow.utils.requirements_utils")
    # Logging a model asks which installed package each module belongs to, and which version each is of.
    needs._init_packages_to_modules_map()
    version = _remembered(needs, "_get_installed_version")
    for package in STUDENT:
        version(package, needs._PACKAGES_TO_MODULES.get(package))
        served_model.pinned(package)
    # Every store that is opened asks for the newest migration, which loads all of them; one answer is enough.
    _remembered(import_module("mlflow.store.db.utils"), "_get_latest_schema_revision")()
    sqlite_engines.rehearse()
    digest.of_code()
    digest.of_code(*digest.TRAINED_BY)


def _remembered(module: ModuleType, name: str) -> Callable[..., Any]:
    """Have a function of a module, whose answers do not change while a process lives, answer from memory."""
    function: Callable[..., Any] = getattr(module, name)
    if not hasattr(function, "cache_info"):
        function = cache(function)
        setattr(module, name, function)
    return function
