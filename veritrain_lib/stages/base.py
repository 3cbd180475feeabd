"""Base classes of the stages: resolved inputs, the error for a missing input, and a stage's specification.

Open this to add a stage, or to see what `inputs.py`, `run.py`, `result.py` and `record.py` of a stage's folder must
define.
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
"""The largest random seed that a task file or a stage accepts: 2**31 - 1."""


@dataclass(frozen=True)
class Inputs:
    """Everything that a stage reads, such as datasets and models, at fixed versions and with content digests.

    Attributes:
        names: Names for people to read, by input: a dataset as `NAME@VERSION`, a model as its address.
        digest: Digest of the content of each input that can change the result. The library's own code is not among
            them.
        resolved: The loaded objects themselves, such as the dataset, by the name of the input.
        edits: A description in words of each input that a notebook's cell replaced, by the name of the input; empty
            when the stage uses only the inputs that it found itself.
    """

    names: dict[str, str]
    digest: dict[str, str]
    resolved: dict[str, Any] = field(default_factory=dict)
    edits: dict[str, str] = field(default_factory=dict)

    def with_edit(self, name: str, value: Any, content: str, description: str) -> Inputs:
        """Return a copy of a stage's inputs in which a person has replaced one input.

        The copy has another digest, so that its result is never mistaken for the result of the unchanged inputs.

        Args:
            name: The name of the replaced input, such as `suite`.
            value: The input to use instead.
            content: The digest of the new input's content.
            description: A description of the change in words.
        """
        return replace(
            self,
            digest={**self.digest, f"edited.{name}": content},
            resolved={**self.resolved, name: value},
            edits={**self.edits, name: description},
        )


@dataclass(frozen=True)
class Step:
    """A stage, with its parameters, that must run first because it makes an input of another stage.

    Attributes:
        stage: The name of the stage to run, such as `gate`.
        parameters: Its parameters as text, by name. A parameter that is left out has its default.
    """

    stage: str
    parameters: Mapping[str, str] = field(default_factory=dict)


class MissingInput(UserError):
    """Error raised when a stage's input was not named and nothing exists yet that could be used as its default.

    Attributes:
        what: A description of the missing input, such as `no model`.
        steps: The stages to run to make it, in order.
    """

    def __init__(self, task: str, what: str, *steps: Step) -> None:
        """Create the error; its message says what is missing and which commands and notebooks make it.

        Args:
            task: The name of the task.
            what: A description of the missing input, such as `no model`.
            *steps: The stages to run to make it, in order.
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
    """Base class of a stage's specification, which says how the stage finds its inputs, runs, and loads its result.

    Each stage has one instance, called `SPEC`, in the `record.py` of its folder.
    """

    PARAMETERS: ClassVar[Mapping[str, Any]]
    """The stage's own notebook parameters with their default values, in addition to those that every stage has.

    A value of another type than the default is refused.
    """

    RESULT: ClassVar[type[StageResult]]
    """The subclass of `StageResult` by which a stored result of this stage is loaded."""

    @staticmethod
    @abstractmethod
    def resolve(task: Task, parameters: Mapping[str, Any]) -> Inputs:
        """Find the stage's inputs, such as datasets and models; a name left empty means the newest. Compute nothing.

        Args:
            task: The task.
            parameters: The values of the notebook parameters, by name.

        Returns:
            The inputs, with their names and content digests.

        Raises:
            MissingInput: when a name was left empty and no such input exists yet.
            UserError: when an input that was named does not exist.
        """

    EDITABLE: ClassVar[tuple[str, ...]] = ()
    """Names of the inputs that a notebook's cell may replace, by passing other values to `StageRun.run`."""

    def offers(
        self, task: Task, parameters: Mapping[str, Any], inputs: Inputs
    ) -> Mapping[str, Callable[[], Any]]:
        """Return a mapping of name to function for what a notebook's cell can display before the stage runs.

        Args:
            task: The task.
            parameters: The values of the notebook parameters, by name.
            inputs: The stage's inputs.

        Returns:
            For each name, such as `rows`, `suite` or `plan`, a function without arguments that returns the object. The
            object is a copy: changing it in place does not change the stage. Empty by default.
        """
        return {}

    def edit(
        self, task: Task, parameters: Mapping[str, Any], inputs: Inputs, name: str, value: Any
    ) -> Inputs:
        """Return the stage's inputs with one of them replaced by a value from a notebook's cell.

        Args:
            task: The task.
            parameters: The values of the notebook parameters, by name.
            inputs: The inputs that the stage found itself.
            name: The name of the input to replace, one of `EDITABLE`.
            value: The value to use instead.

        Returns:
            The changed inputs, or `inputs` itself when the value equals the stage's own.

        Raises:
            UserError: when the value can't be used as this input.
        """
        raise NotImplementedError(f"{type(self).__name__} declares {name} as editable and does not edit it")

    @abstractmethod
    def execute(self, task: Task, parameters: Mapping[str, Any], inputs: Inputs, run_id: str) -> StageResult:
        """Do the stage's work, and store in MLflow what it makes besides its result: datasets, models, pages.

        Args:
            task: The task.
            parameters: The values of the notebook parameters, by name.
            inputs: The stage's inputs.
            run_id: The id of the stage's MLflow run.

        Returns:
            The stage's result, which the caller stores.
        """

    def missing(self, task: Task, tags: Mapping[str, str]) -> list[str]:
        """List outputs of a finished run that are no longer in MLflow, such as a registered model.

        The artifact files of the run itself are not checked here.

        Args:
            task: The task.
            tags: The tags of the MLflow run.

        Returns:
            A description of each missing output; empty by default.
        """
        return []


def spec_of(stage: str) -> StageSpec:
    """Return the specification of the stage with a given name, such as `gate`.

    Raises:
        UserError: when no stage has this name.
    """
    if stage not in NAMES:
        raise UserError(f"no stage is called {stage!r}; stages: {', '.join(NAMES)}")
    spec: StageSpec = import_module(f"veritrain_lib.stages.{stage}.record").SPEC
    return spec


def check_seed(value: int) -> None:
    """Raise a UserError if a stage's random seed is not between 0 and 2**31 - 1, since random generators refuse it."""
    if not 0 <= value <= LARGEST_SEED:
        raise UserError(f"seed is {value}; allowed: whole numbers from 0 to {LARGEST_SEED}")
