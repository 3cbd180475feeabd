"""Inputs that a notebook's cell changed: they are checked, compared with the stage's own and described.

Open this to see when a run counts as edited. Its digest then differs from that of the task's own work, which the loop
looks for, and the tag `veritrain.edited` says what was changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from veritrain_lib.core.errors import Refused, UserError
from veritrain_lib.core.stage_list import notebook_name

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task
    from veritrain_lib.stages.base import Inputs, StageSpec

TAG = "veritrain.edited"
"""Tag of a run whose inputs were changed in a cell, and (as `edited`) its parameter: what was changed."""


def apply_edits(
    spec: StageSpec,
    stage: str,
    task: Task,
    parameters: Mapping[str, Any],
    inputs: Inputs,
    changes: Mapping[str, Any],
) -> Inputs:
    """Return a stage's inputs with what a cell gives instead; the same inputs where nothing differs.

    Args:
        spec: The specification of the stage.
        stage: Its name.
        task: The task.
        parameters: All parameters of the stage.
        inputs: What the stage found itself.
        changes: What a cell gives to `StageRun.run`, by name.

    Raises:
        UserError: when the stage takes nothing of that name, or the value can't be used.
    """
    for name, value in changes.items():
        if name not in spec.EDITABLE:
            allowed = ", ".join(spec.EDITABLE) or "nothing"
            raise UserError(f"stage {stage} does not take {name}; what a cell may give to run(): {allowed}")
        inputs = spec.edit(task, parameters, inputs, name, value)
    return inputs


def description(inputs: Inputs) -> str:
    """Return what a cell changed, such as `suite: near_duplicate 0.1 -> 0.02`; empty for a stage's own inputs."""
    return "; ".join(f"{name}: {change}" for name, change in inputs.edits.items())[:500]


def refuse_for_command(stage: str, task: Task, changed: str) -> None:
    """Raise Refused: the loop and `veritrain STAGE` do the task's own work, never that of an edited notebook."""
    raise Refused(
        f"{notebook_name(stage)} was saved with a change ({changed}), and a command does only the task's own work. "
        f"Put the change into the files of task {task.name}, or undo it in the notebook; in JupyterLab the edited "
        "notebook can be run as it is"
    )
