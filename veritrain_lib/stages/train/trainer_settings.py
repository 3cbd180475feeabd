"""`TrainerSettings`: the task's trainer and its parameters, which a notebook's cell can display and replace.

Open this to see how replaced parameters are checked, and how MLflow's record describes the change.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from veritrain_lib.core import digest
from veritrain_lib.core.errors import UserError
from veritrain_lib.stages.base import Inputs
from veritrain_lib.trainers.base import open_trainer, trainer_of

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.task import Task


@dataclass(frozen=True, repr=False)
class TrainerSettings:
    """A trainer's name and parameters. A notebook displays them as a table, and a cell may pass changed ones to `run`.

    Attributes:
        name: The name of the trainer.
        parameters: The parameters that the task file or a notebook's cell sets.
        defaults: The default values of all parameters; None where the trainer does not expose its default.
    """

    name: str
    parameters: Mapping[str, Any]
    defaults: Mapping[str, Any]

    def with_parameters(self, **parameters: Any) -> TrainerSettings:
        """Return a copy of the trainer's settings with other values of some parameters.

        Args:
            **parameters: The new values by parameter name.

        Raises:
            UserError: when the trainer has no parameter of that name.
        """
        allowed = {**self.defaults, **self.parameters}
        unknown = sorted(set(parameters) - set(allowed))
        if unknown:
            raise UserError(
                f"trainer {self.name} has no parameter {', '.join(unknown)}; it has: {', '.join(allowed) or 'none'}"
            )
        return replace(self, parameters={**self.parameters, **parameters})

    def values(self) -> dict[str, Any]:
        """Return the value of each parameter of the trainer; None where it is not set and the default is not known."""
        return {**self.defaults, **self.parameters}

    def table(self) -> pd.DataFrame:
        """Return the trainer's parameters as a table with the columns parameter, value, from (`set` or `default`)."""
        import pandas as pd

        lines = [
            (name, str(value), "set" if name in self.parameters else "default")
            for name, value in self.values().items()
        ]
        return pd.DataFrame(lines, columns=["parameter", "value", "from"])

    def __repr__(self) -> str:
        return f"trainer {self.name}\n{self.table().to_string(index=False)}"

    def _repr_html_(self) -> str:
        from veritrain_lib.reporting.html import table_html

        return table_html(self.table(), f"Trainer {self.name}")


def settings_of(task: Task) -> TrainerSettings:
    """Return the task's trainer with the values of all its parameters."""
    trainer = open_trainer(task)
    defaults = {name: getattr(trainer, name, None) for name in trainer_of(task).parameter_names}
    return TrainerSettings(task.trainer.name, dict(task.trainer.parameters), defaults)


def edited_task(task: Task, inputs: Inputs) -> Task:
    """Return the task with the trainer parameters that a notebook's cell replaced; the task itself if none was."""
    settings: TrainerSettings | None = inputs.resolved.get("trainer")
    return task if settings is None else task_with_parameters(task, settings.parameters)


def with_settings(task: Task, inputs: Inputs, settings: Any) -> Inputs:
    """Return the train stage's inputs with other trainer parameters in place of the task's.

    Args:
        task: The task.
        inputs: The inputs that the stage found itself.
        settings: The `TrainerSettings` that the notebook's cell passed.

    Returns:
        The changed inputs; `inputs` itself when all values equal the task's own.

    Raises:
        UserError: when the value is not a `TrainerSettings`, names another trainer, or the trainer refuses a parameter.
    """
    if not isinstance(settings, TrainerSettings):
        raise UserError(
            f"trainer is {type(settings).__name__}; it must be stage.trainer, or what its with_parameters(...) returns"
        )
    own = settings_of(task)
    if settings.name != own.name:
        raise UserError(f"trainer is {settings.name}; the trainer of task {task.name} is {own.name}")
    before, after = own.values(), settings.values()
    changes = [
        f"{name} {before.get(name)} -> {value}"
        for name, value in after.items()
        if _plain(value) != _plain(before.get(name))
    ]
    if not changes:
        return inputs
    changed = task_with_parameters(task, settings.parameters)
    content = [changed.digest("trainer"), open_trainer(changed).ingredients(changed)]
    return inputs.with_edit("trainer", settings, digest.of_json(content), ", ".join(changes))


def task_with_parameters(task: Task, parameters: Mapping[str, Any]) -> Task:
    """Return a copy of the task with other trainer parameters, in memory only and without checking them."""
    trainer = task.trainer.model_copy(update={"parameters": dict(parameters)})
    return task.model_copy(update={"trainer": trainer})


def _plain(value: Any) -> Any:
    """Return a parameter's value in the form that YAML would hold: a list in place of a tuple."""
    return list(value) if isinstance(value, tuple) else value
