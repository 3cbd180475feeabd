"""A stage's parameters from the command line, checked before anything is launched."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, get_args, get_origin

from veritrain_lib.core.errors import UserError


def checked(stage: str, assignments: list[str]) -> dict[str, Any]:
    """`name=value` texts as the notebook of a stage declares them, checked before anything is launched.

    Raises UserError for an unknown name, a name given twice, the task (which has its own place), or a value
    of the wrong type or outside what the stage allows.
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
    _refuse_out_of_range(stage, parameters)
    return parameters


def _refuse_out_of_range(stage: str, parameters: Mapping[str, Any]) -> None:
    from pydantic import TypeAdapter, ValidationError

    from veritrain_lib.stage_io.stage import refuse_seed
    from veritrain_lib.stage_io.stage_spec import binding

    if "seed" in parameters:
        refuse_seed(parameters["seed"])
    defaults = binding(stage).PARAMETERS
    for name, field in _config_fields(stage).items():
        # A default such as 0 or "" means "the task's own" and is not what the stage gets.
        if name not in parameters or parameters[name] == defaults.get(name):
            continue
        wanted: Any = Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation
        try:
            TypeAdapter(wanted).validate_python(parameters[name])
        except ValidationError as error:
            raise UserError(f"{stage}: {name} is {parameters[name]!r}: {error.errors()[0]['msg']}") from error


def _config_fields(stage: str) -> dict[str, Any]:
    from importlib import import_module

    config = getattr(import_module(f"veritrain_lib.stages.{stage}"), f"{stage.capitalize()}Config")
    return dict(config.model_fields)


def allowed_words(stage: str) -> dict[str, list[str]]:
    """The words that a parameter may be, by name, for those that may be only a few."""
    fields = _config_fields(stage)
    return {
        name: [str(choice) for choice in get_args(field.annotation)]
        for name, field in fields.items()
        if get_origin(field.annotation) is Literal
    }
