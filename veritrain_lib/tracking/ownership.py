"""Checks whether runs, models and folders belong to Veri-Train, before a client of MLflow's API may change them."""

from __future__ import annotations

import threading
import time
from collections.abc import Collection
from typing import Any
from urllib.parse import unquote, urlsplit

from veritrain_lib.core import project
from veritrain_lib.tracking import store, tables
from veritrain_lib.tracking.artifacts import local_folder

RESERVED_TAG_PREFIX = "veritrain."
"""Prefix of the tags that only Veri-Train may set, since the loop and the server decide by them.

They say, for example, which work is finished and how a model is opened.
"""

CACHE_S = 5.0
"""Seconds for which the list of the experiments' artifact folders is cached."""

_lock = threading.Lock()
_folder_cache: dict[str, tuple[float, frozenset[str]]] = {}


def is_managed(ids: Collection[str]) -> bool:
    """Return whether one of the ids is a run or a logged model that Veri-Train itself has stored in MLflow.

    Such an object has a tag that begins with `veritrain.` (`RESERVED_TAG_PREFIX`).
    """
    from mlflow.store.tracking.dbmodels import models as mlflow_models
    from sqlalchemy import select, union_all

    if not ids:
        return False
    by_tag: list[tuple[Any, Any]] = [
        (mlflow_models.SqlTag.run_uuid, mlflow_models.SqlTag.key),
        (mlflow_models.SqlLoggedModelTag.model_id, mlflow_models.SqlLoggedModelTag.tag_key),
    ]
    selections = [
        select(owner_id).where(
            owner_id.in_(sorted(ids)), key.startswith(RESERVED_TAG_PREFIX, autoescape=True)
        )
        for owner_id, key in by_tag
    ]
    with tables.connect() as connection:
        return connection.execute(union_all(*selections).limit(1)).first() is not None


def is_experiment_folder(name: str) -> bool:
    """Return whether the folder `name` of `mlruns/` holds artifacts of an experiment; deleted experiments count too."""
    key = f"{project.root()} {store.uri()}"
    with _lock:
        read_at, folders = _folder_cache.get(key, (0.0, frozenset()))
        if name not in folders or time.monotonic() - read_at > CACHE_S:
            folders = _folders()
            _folder_cache[key] = (time.monotonic(), folders)
        return name in folders


def _folders() -> frozenset[str]:
    from sqlalchemy import select

    with tables.connect() as connection:
        locations = connection.scalars(select(tables.tables().experiments.c.artifact_location)).all()
    return frozenset(folder for location in locations if (folder := _top_folder(location or "")))


def _top_folder(artifact_location: str) -> str:
    """Return the name of the folder of `mlruns/` that contains an artifact location; empty for a location elsewhere."""
    url = urlsplit(artifact_location)
    if url.scheme == "mlflow-artifacts":
        return unquote(url.path).strip("/").partition("/")[0]
    folder, root = local_folder(artifact_location), project.artifacts().resolve()
    if folder is None or not folder.resolve().is_relative_to(root):
        return ""
    parts = folder.resolve().relative_to(root).parts
    return parts[0] if parts else ""
