"""A gate's verdict told to who watches the dataset that it judged."""

from __future__ import annotations

from typing import TYPE_CHECKING

from veritrain_lib.core import event_log
from veritrain_lib.tracking import runs
from veritrain_lib.tracking.datasets import PREFIX

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task
    from veritrain_lib.stages.result import StageResult


def tell_verdict(task: Task, gate_run: str, result: StageResult) -> None:
    """A line in the events of the run that made the draft (of the gate's own run where there was none): `result` and
    `details` of the contract's `quality_gate`. The gate's run has ended before, so the verdict is found there."""
    tags = runs.get(gate_run).data.tags
    status = tags.get(f"{PREFIX}status", "")
    details = {"run": gate_run, "headline": result.headline[:500], "metrics": result.metrics()}
    event_log.tell(
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
    found = runs.search(task, f"{where} AND attributes.status = 'FINISHED'", limit=1)
    return found[0].info.run_id if found else ""
