"""Base classes of the stages: inputs, a missing input, and the specification of parameters, inputs and results.

Open this to add a stage, or to see what `inputs.py`, `run.py`, `result.py` and `record.py` of a stage's folder must give.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar

from veritrain_lib.core.errors import UserError
from veritrain_lib.core.stage_list import NAMES, notebook_name

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task
    from veritrain_lib.stages.stage_result import StageResult


LARGEST_SEED = 2**31 - 1
"""The largest seed that a task file allows."""


@dataclass(frozen=True)
class Inputs:
    """The resolved inputs of a stage.

    Attributes:
        names: What people read: `dataset@version`, model addresses.
        digest: Digests of the content of everything that can change the result, beside the library's code.
        resolved: The objects themselves, such as the loaded dataset, by name.
        edits: What a notebook's cell changed in them, in words, by name; empty for what the stage found itself.
    """

    names: dict[str, str]
    digest: dict[str, str]
    resolved: dict[str, Any] = field(default_factory=dict)
    edits: dict[str, str] = field(default_factory=dict)

    def with_edit(self, name: str, value: Any, content: str, description: str) -> Inputs:
        """Return the inputs with one of them changed by a person, which makes the stage's work other work.

        Args:
            name: The name of the input, such as `suite`.
            value: The input that is used instead.
            content: The digest of its content.
            description: What was changed, in words.
        """
        return replace(
            self,
            digest={**self.digest, f"edited.{name}": content},
            resolved={**self.resolved, name: value},
            edits={**self.edits, name: description},
        )


@dataclass(frozen=True)
class Step:
    """A stage with parameters, to be run before another one.

    Attributes:
        stage: Its name.
        parameters: Its parameters as text; those left out get their defaults.
    """

    stage: str
    parameters: Mapping[str, str] = field(default_factory=dict)


class MissingInput(UserError):
    """An input that was left to its default does not exist yet. Finding inputs never makes one.

    Attributes:
        what: What is missing.
        steps: The stages that make it, in order.
    """

    def __init__(self, task: str, what: str, *steps: Step) -> None:
        """Say what is missing, and which commands and notebooks make it.

        Args:
            task: The name of the task.
            what: What is missing, such as `no model`.
            *steps: The stages that make it, in order.
        """
        self.what, self.steps = what, steps
        commands = "; then ".join(
            f"veritrain {step.stage} {task}"
            + "".join(f" --{name} {value}" for name, value in step.parameters.items())
            + f" ({notebook_name(step.stage)})"
            for step in steps
        )
        super().__init__(f"task {task} has {what}. Make it by: {commands}")


class StageSpec(ABC):
    """Base class of a stage's specification, which its `record.py` declares as `SPEC`."""

    PARAMETERS: ClassVar[Mapping[str, Any]]
    """Notebook parameters beside those of every stage, with their defaults. The type of a default is required."""

    RESULT: ClassVar[type[StageResult]]
    """The class that loads a stored result."""

    @abstractmethod
    def resolve(self, task: Task, parameters: Mapping[str, Any]) -> Inputs:
        """Find the inputs, without doing any work for them.

        Raises:
            MissingInput: when an input that was left empty does not exist yet.
            UserError: when an input that was named does not exist.
        """

    EDITABLE: ClassVar[tuple[str, ...]] = ()
    """Names of the inputs that a notebook's cell may change and give to `StageRun.run`."""

    def offers(
        self, task: Task, parameters: Mapping[str, Any], inputs: Inputs
    ) -> Mapping[str, Callable[[], Any]]:
        """Return how to get what a notebook shows before the work is done, by name; all of `EDITABLE` is among it.

        What is returned is the caller's own: changing it in place changes nothing in the stage.
        """
        return {}

    def edit(
        self, task: Task, parameters: Mapping[str, Any], inputs: Inputs, name: str, value: Any
    ) -> Inputs:
        """Return the inputs with one of `EDITABLE` replaced; the same inputs if the value equals the stage's own.

        Raises:
            UserError: when the value can't be used instead of the stage's own.
        """
        raise NotImplementedError(f"{type(self).__name__} declares {name} as editable and does not edit it")

    @abstractmethod
    def execute(self, task: Task, parameters: Mapping[str, Any], inputs: Inputs, run_id: str) -> StageResult:
        """Do the stage's work, and store what MLflow shows beside the result: datasets, models, aliases, pages."""

    def missing(self, task: Task, tags: Mapping[str, str]) -> list[str]:
        """List what a finished run of the stage made beside its files and is now missing, such as a registered model.

        Args:
            task: The task.
            tags: The tags of the run.
        """
        return []


def spec_of(stage: str) -> StageSpec:
    """Return the specification of a stage.

    Raises:
        UserError: for an unknown stage.
    """
    if stage not in NAMES:
        raise UserError(f"no stage is called {stage!r}; stages: {', '.join(NAMES)}")
    spec: StageSpec = import_module(f"veritrain_lib.stages.{stage}.record").SPEC
    return spec


def check_seed(value: int) -> None:
    """Raise UserError for a seed outside 0 to `LARGEST_SEED`, which no random generator accepts."""
    if not 0 <= value <= LARGEST_SEED:
        raise UserError(f"seed is {value}; allowed: whole numbers from 0 to {LARGEST_SEED}")
