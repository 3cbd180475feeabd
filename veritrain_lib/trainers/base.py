"""Protocols of a trainer and of the trained model, and the specification of how a model server serves such a model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from veritrain_lib.core import registry
from veritrain_lib.core.errors import UserError

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from veritrain_lib.core.task import Task
    from veritrain_lib.models.base import Model


class Fitted(Protocol):
    """Protocol of a trainer's result: a trained model that can answer rows and be saved.

    A class may inherit from this protocol, which has defaults for all members except `model` and `save`, or
    define every member itself.
    """

    @property
    def model(self) -> Model:
        """The trained model, ready to answer rows."""
        ...

    @property
    def base(self) -> str:
        """The URI or path of the base model if the trained model is an adapter of one; empty otherwise."""
        return ""

    @property
    def facts(self) -> Mapping[str, Any]:
        """Statistics of the training for people, by name, such as the id of the provider's job.

        The training's result shows them as the table `job`; a few become tags of the registered model.
        """
        return {}

    @property
    def served(self) -> ServingSpec | None:
        """The specification of how a model server serves the trained model; None if only `open_model` can open it."""
        return None

    def save(self, folder: Path) -> None:
        """Write everything that is needed to open the trained model again into an empty folder.

        From then on the model's URI is `SCHEME:FOLDER`, which `open_model` opens. The model registry stores
        the folder together with that scheme.
        """
        ...


class StandAlone:
    """Base class of trained models (protocol `Fitted`) that are no adapter of another model and have no statistics."""

    @property
    def base(self) -> str:
        """The empty text: the trained model is not an adapter of another model."""
        return ""

    @property
    def facts(self) -> Mapping[str, Any]:
        """An empty mapping: there are no statistics of the training."""
        return {}


@dataclass(frozen=True)
class ServingSpec:
    """Specification of how a model server, on which Veri-Train is not installed, serves a saved model.

    Attributes:
        code: path of a self-contained Python file with the prediction code.
        name: name of the class in that file, which has `load(folder)` and `predict(frame)`.
        packages: names of the distributions that it needs, in the installed versions.
        columns: names of the input columns.
        key: key of the answer in the output; each candidate has the answer under the same key, and a score.
        texts: names of further text fields of the output besides answer, candidates and explanation.
    """

    code: Path
    name: str
    packages: tuple[str, ...]
    columns: tuple[str, ...]
    key: str
    texts: tuple[str, ...] = ()


class Trainer(Protocol):
    """Protocol of a trainer, which makes a model from rows.

    A trainer is constructed as `Trainer(**parameters)` from the task's `trainer.parameters`. A class may
    inherit from this protocol, which has defaults for all members except `name` and `train`, or define every
    member itself.

    Attributes:
        name: the name in the task file.
        answers: the kinds of answer that it can learn, "labels" or "text"; tasks with another kind are
            rejected.
        parameter_names: the names of the parameters that it accepts. The HTTP API drops other parameters of a
            requested `training_recipe`.
        paid: whether each training costs money; if so, other stages train the quick student model (see
            `quick`) instead.
        slow: whether each training takes many minutes; if so, other stages train the quick student model
            instead.
        on_step: None, or a function set before `train` that is called with a step and numbers by name, which
            are logged while the training runs.
    """

    name: str
    answers: tuple[str, ...] = ("labels", "text")
    parameter_names: tuple[str, ...] = ()
    paid: bool = False
    slow: bool = False
    on_step: Callable[[int, Mapping[str, float]], None] | None = None

    def ingredients(self, task: Task) -> dict[str, str]:
        """Return digests of everything that affects a training besides rows, parameters and code, by name.

        An example is the digest of a base model's files. By default there are none.
        """
        return {}

    def train(self, task: Task, rows: pd.DataFrame, *, seed: int) -> Fitted:
        """Train a model on rows and return it, ready to answer rows and to be saved.

        Args:
            task: the task.
            rows: training rows, with the columns that `core.records` defines.
            seed: random seed; the same rows, parameters and seed must give a model with the same answers.
        """
        ...


class TrainerFactory(Protocol):
    """Protocol of an object that is called with a task's `trainer.parameters` and returns its trainer.

    It is a class of trainers, or a user's own file (`OwnTrainerType`).
    """

    @property
    def answers(self) -> tuple[str, ...]:
        """The kinds of answer that the trainer can learn: "labels", "text" or both."""
        ...

    @property
    def paid(self) -> bool:
        """Whether each training with this trainer costs money."""
        ...

    @property
    def slow(self) -> bool:
        """Whether each training with this trainer takes many minutes."""
        ...

    @property
    def parameter_names(self) -> tuple[str, ...]:
        """The names of the parameters that the trainer accepts."""
        ...

    def __call__(self, **parameters: Any) -> Trainer:
        """Return the trainer with the given parameters."""
        ...


def trainer_class(name: str) -> type[Trainer]:
    """Return the class of an installed trainer by its name in task files.

    Raises:
        UserError: there is no such trainer, or its class lacks a member of `Trainer`.
    """
    found: type[Trainer] = registry.get("trainers", name)
    registry.require_members("trainers", name, found, Trainer)
    return found


def require_empty_folder(folder: Path) -> Path:
    """Return the given folder after checking that a trained model can be saved into it.

    Raises:
        UserError: the path exists and is not an empty folder.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UserError(f"{folder} is not empty; a model can only be saved into an empty folder")
    return folder


def trainer_of(task: Task) -> TrainerFactory:
    """Return the factory of a task's trainer: the class of an installed trainer, or the user's own file.

    Raises:
        UserError: there is no trainer of that name.
    """
    if task.trainer.file is None:
        named: Any = trainer_class(task.trainer.name)
        factory: TrainerFactory = named
        return factory
    from veritrain_lib.trainers.own_trainer import OwnTrainerType

    return OwnTrainerType(
        task.trainer.name, (task.path.parent / task.trainer.file).resolve(), task.trainer.file
    )


def open_trainer(task: Task) -> Trainer:
    """Return a task's trainer, constructed with the parameters in the task file.

    Raises:
        UserError: there is no trainer of that name, the trainer refuses a parameter, or the user's own file
            can't be used.
        Refused: the user's own file lies in `mlruns/`, where clients of the server can store files.
    """
    return trainer_of(task)(**task.trainer.parameters)
