"""MLflow runs that people create and delete through the REST API, for results that were measured elsewhere."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from veritrain_lib import __version__
from veritrain_lib.tracking import runs, store
from veritrain_lib.tracking.entities import Run


def create_child_run(
    parent: Run,
    name: str,
    *,
    kind: str,
    tags: Mapping[str, str],
    metrics: Mapping[str, float],
    content: Mapping[str, Any],
) -> str:
    """Create a finished MLflow run under `parent` for a result that was measured elsewhere.

    Args:
        parent: The parent run.
        name: Name of the new run.
        kind: Value of the tag `veritrain.kind`, and name of the artifact.
        tags: Further tags.
        metrics: Values of the run's metrics by name.
        content: JSON object that is stored as the artifact `KIND/KIND.json`.

    Returns:
        The id of the new run.
    """
    all_tags = {
        "veritrain.kind": kind,
        "veritrain.version": __version__,
        "mlflow.parentRunId": parent.info.run_id,
        "mlflow.user": os.environ.get("USER", "unknown"),
        **{key: value for key, value in parent.data.tags.items() if key == "veritrain.task"},
        **tags,
    }
    run = store.client().create_run(parent.info.experiment_id, tags=all_tags, run_name=name)
    run_id = str(run.info.run_id)
    try:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / f"{kind}.json"
            file.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
            runs.log_file(run_id, file, kind)
        runs.log(run_id, metrics=metrics)
    except BaseException:
        runs.end_run(run_id, "FAILED", "the result could not be stored")
        raise
    runs.end_run(run_id, "FINISHED")
    return run_id


def delete(run_id: str) -> None:
    """Mark a run as deleted in MLflow: searches no longer find it, but MLflow can restore it."""
    store.client().delete_run(run_id)
