"""Look-ups of MLflow whose results can't change while a process lives, done once before kernels are forked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any

from veritrain_lib.fast.shortcuts import is_on


def remember_lookups(packages: Sequence[str]) -> None:
    """Look up the installed packages and the newest database migration now, and make MLflow reuse the results.

    MLflow would look up the package of each module whenever a model is logged, and the newest migration, for which it
    loads all migrations, whenever a store is opened.

    Args:
        packages: Packages whose versions are stored with a model.
    """
    if not is_on("mlflow_lookups"):
        return
    requirements = import_module("mlflow.utils.requirements_utils")
    requirements._init_packages_to_modules_map()
    installed_version = _remember(requirements, "_get_installed_version")
    for package in packages:
        installed_version(package, requirements._PACKAGES_TO_MODULES.get(package))
    _remember(import_module("mlflow.store.db.utils"), "_get_latest_schema_revision")()


def _remember(module: ModuleType, name: str) -> Callable[..., Any]:
    """Replace a function of a module by one that caches its results, and return the new function."""
    function: Callable[..., Any] = getattr(module, name)
    if not hasattr(function, "cache_info"):
        function = cache(function)
        setattr(module, name, function)
    return function
