"""Parameters of a stage that a user sets on the command line, checked before anything is started."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, get_args, get_origin

from veritrain_lib.core.errors import UserError


def parse_stage_parameters(stage: str, assignments: list[str]) -> dict[str, Any]:
    """Convert the `name=value` texts of a stage's command to values of the types that the stage's notebook declares.

    Returns:
        The values by name.

    Raises:
        UserError: A name is unknown or given twice, a value has the wrong type or is outside the allowed range, or the
            task is among the parameters (it is an argument of its own).
    """
    from veritrain_lib.execution.parameters import ParameterError, parse_assignments
    from veritrain_lib.loop.stage_job import notebook_of

    try:
        parameters = parse_assignments(assignments, notebook_of(stage))
    except ParameterError as error:
        raise UserError(str(error)) from error
    if "task" in parameters:
        raise UserError(
            f"the task is no -p parameter here; write: veritrain {stage} {parameters['task'] or 'TASK'}"
        )
    _check_ranges(stage, parameters)
    return parameters


def _check_ranges(stage: str, parameters: Mapping[str, Any]) -> None:
    from pydantic import TypeAdapter, ValidationError

    from veritrain_lib.stages.base import check_seed, spec_of

    if "seed" in parameters:
        check_seed(parameters["seed"])
    defaults = spec_of(stage).PARAMETERS
    for name, field in _config_fields(stage).items():
        # A default such as 0 or "" means "the task's own" and is not what the stage gets.
        if name not in parameters or parameters[name] == defaults.get(name):
            continue
        annotation: Any = Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation
        try:
            TypeAdapter(annotation).validate_python(parameters[name])
        except ValidationError as error:
            raise UserError(f"{stage}: {name} is {parameters[name]!r}: {error.errors()[0]['msg']}") from error


def _config_fields(stage: str) -> dict[str, Any]:
    from importlib import import_module

    config = getattr(import_module(f"veritrain_lib.stages.{stage}.run"), f"{stage.capitalize()}Config")
    return dict(config.model_fields)


def allowed_values(stage: str) -> dict[str, list[str]]:
    """Return the allowed values of each parameter of a stage that has a fixed set of them, by parameter name."""
    fields = _config_fields(stage)
    return {
        name: [str(choice) for choice in get_args(field.annotation)]
        for name, field in fields.items()
        if get_origin(field.annotation) is Literal
    }
