"""Event that shows the gate's verdict to users who follow a dataset live, for example over the API's event stream."""

from __future__ import annotations

from typing import TYPE_CHECKING

from veritrain_lib.tracking import event_log, runs
from veritrain_lib.tracking.datasets import PREFIX

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task
    from veritrain_lib.stages.stage_result import StageResult


def log_verdict(task: Task, gate_run: str, result: StageResult) -> None:
    """Append the gate's verdict to the events of the MLflow run that made the draft, for users who follow it live.

    The event's data has the key `quality_gate` with `result` and `details`, as the API contract names them. If no run
    made the draft, the event goes to the gate's own run.

    Args:
        task: The task.
        gate_run: The id of the gate's MLflow run, which has ended; its tags hold the verdict.
        result: The gate's result.
    """
    tags = runs.get(gate_run).data.tags
    status = tags.get(f"{PREFIX}status", "")
    details = {"run": gate_run, "headline": result.headline[:500], "metrics": result.metrics()}
    event_log.append(
        _made_by(task, tags.get(f"{PREFIX}parent", "")) or gate_run,
        "log",
        f"gate: {result.headline}",
        level="info" if status == "passed" else "warning",
        data={"quality_gate": {"result": status, "details": details}},
    )


def _made_by(task: Task, reference: str) -> str:
    name, _, version = reference.rpartition("@")
    if not name:
        return ""
    where = f"tags.`{PREFIX}name` = '{name}' AND tags.`{PREFIX}version` = '{version}'"
    made_by = runs.search(task, f"{where} AND attributes.status = 'FINISHED'", limit=1)
    return made_by[0].info.run_id if made_by else ""
