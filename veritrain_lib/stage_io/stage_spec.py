"""The protocol that connects a stage to MLflow: its parameters, its inputs and what it stores.

Open this to add a stage, or to see what the modules `probe`, `generate`, `gate`, `train`, `evaluate` and `report` of
this package must implement.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol

from veritrain_lib.core.errors import UserError
from veritrain_lib.stages import NAMES

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task
    from veritrain_lib.stages.result import StageResult
    from veritrain_lib.tracking.entities import Run


@dataclass(frozen=True)
class Inputs:
    """The resolved inputs of a stage.

    Attributes:
        names: What people read: `dataset@version`, model addresses.
        digest: Digests of the content of everything that can change the result, beside the library's code.
        resolved: The objects themselves, such as the loaded dataset, by name.
    """

    names: dict[str, str]
    digest: dict[str, str]
    resolved: dict[str, Any] = field(default_factory=dict)


class StageSpec(Protocol):
    """A stage as the record sees it.

    A stage that makes more than files of its run may have a method `missing(task, run)`, which lists by name what is
    missing of that.
    """

    PARAMETERS: Mapping[str, Any]
    """Notebook parameters beside `task` and `round_run`, with their defaults. The type of a default is required."""

    def resolve(self, task: Task, parameters: Mapping[str, Any]) -> Inputs:
        """Find the inputs, before any work is done.

        Raises:
            UserError: when an input is missing.
        """
        ...

    def execute(self, task: Task, parameters: Mapping[str, Any], inputs: Inputs, run_id: str) -> StageResult:
        """Do the stage's work, and store what MLflow shows beside the result: datasets, models, aliases, pages."""
        ...

    def result_class(self) -> type[StageResult]:
        """Return the class that loads a stored result."""
        ...


def spec_of(stage: str) -> StageSpec:
    """Return the specification of a stage.

    Raises:
        UserError: for an unknown stage.
    """
    if stage not in NAMES:
        raise UserError(f"no stage is called {stage!r}; stages: {', '.join(NAMES)}")
    spec: StageSpec = import_module(f"veritrain_lib.stage_io.{stage}").SPEC
    return spec


def missing_outputs(task: Task, run: Run) -> list[str]:
    """List what a finished run of a stage stored and is now missing.

    Returns:
        Names of missing files of the run; where all of them are there, names of missing things that the run made
        beside its files, such as a registered model.
    """
    from veritrain_lib.tracking import lookup

    own_files = lookup.missing(run)
    stage = run.data.tags.get("veritrain.stage", "")
    other_outputs_of = getattr(spec_of(stage), "missing", None) if stage in NAMES else None
    return own_files or (other_outputs_of(task, run) if other_outputs_of else [])
