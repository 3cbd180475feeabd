"""The event that tells people who watch a dataset how the gate judged it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from veritrain_lib.core import event_log
from veritrain_lib.tracking import runs
from veritrain_lib.tracking.datasets import PREFIX

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task
    from veritrain_lib.stages.stage_result import StageResult


def log_verdict(task: Task, gate_run: str, result: StageResult) -> None:
    """Write the gate's verdict into the events of the run that made the draft.

    The event holds `result` and `details` of `quality_gate`, as the API's contract names them. Where no run made a
    draft, the event goes to the gate's run.

    Args:
        task: The task.
        gate_run: The gate's run, which has ended: its tags hold the verdict.
        result: The gate's result.
    """
    tags = runs.get(gate_run).data.tags
    status = tags.get(f"{PREFIX}status", "")
    details = {"run": gate_run, "headline": result.headline[:500], "metrics": result.metrics()}
    event_log.append_or_warn(
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
