"""Replacement of a stage's inputs by values from a notebook's cell: check, comparison, description.

Open this to see when a run counts as edited. An edited run has another digest than the loop's own work, so that the
loop never uses its result; the tag `veritrain.edited` says what was changed.
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
"""MLflow tag of a run whose inputs a notebook's cell replaced: a description of the change.

The run's MLflow parameter `edited` has the same text.
"""


def apply_edits(
    spec: StageSpec,
    stage: str,
    task: Task,
    parameters: Mapping[str, Any],
    inputs: Inputs,
    changes: Mapping[str, Any],
) -> Inputs:
    """Return a stage's inputs with those replaced that a notebook's cell passed to `StageRun.run`.

    Args:
        spec: The specification of the stage.
        stage: The stage's name.
        task: The task.
        parameters: All parameters of the stage, by name.
        inputs: The inputs that the stage found itself.
        changes: The values that the cell passed, by the name of the input.

    Returns:
        The changed inputs; `inputs` itself when every value equals the stage's own.

    Raises:
        UserError: when the stage accepts no input of that name, or the value can't be used.
    """
    for name, value in changes.items():
        if name not in spec.EDITABLE:
            allowed = ", ".join(spec.EDITABLE) or "nothing"
            raise UserError(f"stage {stage} does not take {name}; what a cell may give to run(): {allowed}")
        inputs = spec.edit(task, parameters, inputs, name, value)
    return inputs


def description(inputs: Inputs) -> str:
    """Describe the inputs that a cell replaced, such as `suite: near_duplicate 0.1 -> 0.02`; empty for none."""
    return "; ".join(f"{name}: {change}" for name, change in inputs.edits.items())[:500]


def refuse_for_command(stage: str, task: Task, changed: str) -> None:
    """Raise an error because a command or the loop runs a stage notebook whose saved cells replace an input.

    Args:
        stage: The stage's name.
        task: The task.
        changed: The description of the replaced inputs.

    Raises:
        Refused: always; the message names the notebook and the change, and says what to do.
    """
    raise Refused(
        f"{notebook_name(stage)} was saved with a change ({changed}), and a command does only the task's own work. "
        f"Put the change into the files of task {task.name}, or undo it in the notebook; in JupyterLab the edited "
        "notebook can be run as it is"
    )
