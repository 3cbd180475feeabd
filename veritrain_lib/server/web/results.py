"""Reader of the results of finished stages, without their tables, for the home page."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from veritrain_lib.stages.record.stored_result import RESULT
from veritrain_lib.tracking.artifacts import local_folder

if TYPE_CHECKING:
    from veritrain_lib.tracking.entities import Run


def stage_result(run: Run) -> dict[str, Any]:
    """Return a finished stage's result as stored: values by field name; empty if its file is not on this machine."""
    return _read_result(run.info.artifact_uri)


@lru_cache(maxsize=256)
def _read_result(artifact_uri: str) -> dict[str, Any]:
    """Return the fields of the result in an artifact folder, from a cache."""
    folder = local_folder(artifact_uri)
    try:
        content = (folder / RESULT / "result.json").read_text(encoding="utf-8") if folder else "{}"
        return dict(json.loads(content).get("result", {}))
    except (OSError, ValueError):
        return {}
