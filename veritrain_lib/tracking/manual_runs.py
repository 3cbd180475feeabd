"""Runs that people file: what was measured elsewhere, under a run that is there; and a run taken out again."""

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


def file_under(
    parent: Run,
    name: str,
    *,
    kind: str,
    tags: Mapping[str, str],
    metrics: Mapping[str, float],
    content: Mapping[str, Any],
) -> str:
    """A run under `parent`, in its experiment, that is FINISHED; `content` is its artifact `KIND/KIND.json`."""
    whole = {
        "veritrain.kind": kind,
        "veritrain.version": __version__,
        "mlflow.parentRunId": parent.info.run_id,
        "mlflow.user": os.environ.get("USER", "unknown"),
        **{key: value for key, value in parent.data.tags.items() if key == "veritrain.task"},
        **tags,
    }
    made = store.client().create_run(parent.info.experiment_id, tags=whole, run_name=name)
    run_id = str(made.info.run_id)
    try:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / f"{kind}.json"
            file.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
            runs.log_file(run_id, file, kind)
        runs.log(run_id, metrics=metrics)
    except BaseException:
        runs.end_run(run_id, "FAILED", "what was filed could not be stored")
        raise
    runs.end_run(run_id, "FINISHED")
    return run_id


def delete(run_id: str) -> None:
    """Mark a run as deleted: nothing finds it any more, and MLflow can bring it back."""
    store.client().delete_run(run_id)
