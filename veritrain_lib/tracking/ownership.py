"""What of MLflow's record is ours: asked before a client of MLflow's server may write there or read a file."""

from __future__ import annotations

import threading
import time
from collections.abc import Collection
from typing import Any
from urllib.parse import unquote, urlsplit

from veritrain_lib.core import project
from veritrain_lib.tracking import store, tables
from veritrain_lib.tracking.artifacts import local_folder

RESERVED = "veritrain."
"""How the names of tags begin by which loop and server decide: what is finished, judged, looked at, opened by what."""

FRESH_S = 5.0

_lock = threading.Lock()
_seen: dict[str, tuple[float, frozenset[str]]] = {}


def is_ours(ids: Collection[str]) -> bool:
    """Whether one of these ids is of a run or a logged model that loop, stage or server filed."""
    from mlflow.store.tracking.dbmodels import models as theirs
    from sqlalchemy import select, union_all

    if not ids:
        return False
    by_tag: list[tuple[Any, Any]] = [
        (theirs.SqlTag.run_uuid, theirs.SqlTag.key),
        (theirs.SqlLoggedModelTag.model_id, theirs.SqlLoggedModelTag.tag_key),
    ]
    asked = [
        select(owner).where(owner.in_(sorted(ids)), key.startswith(RESERVED, autoescape=True))
        for owner, key in by_tag
    ]
    with tables.connect() as opened:
        return opened.execute(union_all(*asked).limit(1)).first() is not None


def is_experiments_folder(name: str) -> bool:
    """Whether a folder of `mlruns/` is one that an experiment keeps its artifacts in, deleted ones with them."""
    key = f"{project.root()} {store.uri()}"
    with _lock:
        when, known = _seen.get(key, (0.0, frozenset()))
        if name not in known or time.monotonic() - when > FRESH_S:
            known = _folders()
            _seen[key] = (time.monotonic(), known)
        return name in known


def _folders() -> frozenset[str]:
    from sqlalchemy import select

    with tables.connect() as opened:
        places = opened.scalars(select(tables.tables().experiments.c.artifact_location)).all()
    return frozenset(found for place in places if (found := _first(place or "")))


def _first(place: str) -> str:
    """The folder of `mlruns/` that an experiment's artifacts lie in or below; empty when they lie elsewhere."""
    parts = urlsplit(place)
    if parts.scheme == "mlflow-artifacts":
        return unquote(parts.path).strip("/").partition("/")[0]
    folder, root = local_folder(place), project.artifacts().resolve()
    if folder is None or not folder.resolve().is_relative_to(root):
        return ""
    inside = folder.resolve().relative_to(root).parts
    return inside[0] if inside else ""
