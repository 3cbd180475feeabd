"""The protocols `Trainer` and `Fitted`, and how a model server serves a fitted model."""

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
    """The result of a training: a model that is ready to answer and can be saved.

    A class inherits from this one, which has a default for all but `model` and `save`, or has every member of its own.
    """

    @property
    def model(self) -> Model:
        """The trained model, ready to answer."""
        ...

    @property
    def base(self) -> str:
        """The URI or path of the model that it is an adapter of; empty for a stand-alone model."""
        return ""

    @property
    def facts(self) -> Mapping[str, Any]:
        """Statistics of the training for people; they become tags and the table `job`."""
        return {}

    @property
    def served(self) -> ServingSpec | None:
        """How a model server serves it; None: only `open_model` opens it, by the scheme of the model's URI."""
        return None

    def save(self, folder: Path) -> None:
        """Write everything that is needed to open the model again into an empty folder.

        From then on the model's URI is `SCHEME:FOLDER`, which `open_model` opens; the registry keeps the folder
        under that scheme.
        """
        ...


class StandAlone:
    """Base of fitted models (`Fitted`) that are no adapter of another model and have no facts for people."""

    @property
    def base(self) -> str:
        """Empty: there is no other model."""
        return ""

    @property
    def facts(self) -> Mapping[str, Any]:
        """Empty: there is no training job."""
        return {}


@dataclass(frozen=True)
class ServingSpec:
    """Specification of how a model server, which has no Veri-Train installed, serves a saved model.

    Attributes:
        code: a self-contained Python file.
        name: the class in it with `load(folder)` and `predict(frame)`.
        packages: the distributions whose pinned versions it needs.
        columns: the input columns.
        key: the key of the answer, in the output and in each candidate (`key`, score).
        texts: further text fields of the output beside the answer, the candidates and the explanation.
    """

    code: Path
    name: str
    packages: tuple[str, ...]
    columns: tuple[str, ...]
    key: str
    texts: tuple[str, ...] = ()


class Trainer(Protocol):
    """A trainer, which makes a model from rows.

    It is constructed by `Trainer(**parameters)` from the task's `trainer.parameters`. A class inherits from this one,
    which has a default for all but `name` and `train`, or has every member of its own.

    Attributes:
        name: the name in the task file.
        answers: the kinds of answer it can learn, "labels" or "text"; a task with another kind of answer is rejected.
        parameter_names: the names that `parameters` may contain; a recipe from elsewhere is reduced to them.
        paid: each training costs money, so other stages train the quick student instead.
        slow: each training takes many minutes, so other stages train the quick student instead.
        on_step: set before `train` to a function that takes a step and numbers by name, which are logged live.
    """

    name: str
    answers: tuple[str, ...] = ("labels", "text")
    parameter_names: tuple[str, ...] = ()
    paid: bool = False
    slow: bool = False
    on_step: Callable[[int, Mapping[str, float]], None] | None = None

    def ingredients(self, task: Task) -> dict[str, str]:
        """Return digests of what a training depends on beside rows, parameters and code, such as a checkpoint on disk."""
        return {}

    def train(self, task: Task, rows: pd.DataFrame, *, seed: int) -> Fitted:
        """Train on rows.

        Args:
            task: the task.
            rows: training rows, with the columns that `core.records` defines.
            seed: the same rows, parameters and seed give the same answers.
        """
        ...


class TrainerFactory(Protocol):
    """Protocol of a callable that makes a task's trainer from `trainer.parameters`: a class, or a user's own file.

    Attributes:
        answers: as `Trainer.answers`.
        paid: as `Trainer.paid`.
        slow: as `Trainer.slow`.
    """

    @property
    def answers(self) -> tuple[str, ...]:
        """The kinds of answer that it can learn."""
        ...

    @property
    def paid(self) -> bool:
        """Whether each training costs money."""
        ...

    @property
    def slow(self) -> bool:
        """Whether each training takes many minutes."""
        ...

    @property
    def parameter_names(self) -> tuple[str, ...]:
        """The names that its parameters may have."""
        ...

    def __call__(self, **parameters: Any) -> Trainer:
        """Return the trainer."""
        ...


def trainer_class(name: str) -> type[Trainer]:
    """Return the class of a trainer by its name.

    Raises:
        UserError: there is no such trainer, or its class lacks a member of `Trainer`.
    """
    found: type[Trainer] = registry.get("trainers", name)
    registry.require_members("trainers", name, found, Trainer)
    return found


def require_empty_folder(folder: Path) -> Path:
    """Return a folder that a model can be saved into.

    Raises:
        UserError: the folder is not empty.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UserError(f"{folder} is not empty; a model can only be saved into an empty folder")
    return folder


def trainer_of(task: Task) -> TrainerFactory:
    """Return the factory of the task's trainer, which makes it from `trainer.parameters`.

    Raises:
        UserError: there is no trainer of the name, or the name of a user's own is taken.
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
    """Return the task's trainer, made with its parameters.

    Raises:
        UserError: as `trainer_of`, when the trainer refuses a parameter, and when a user's file can't be used.
        Refused: a user's file lies among the files of the record.
    """
    return trainer_of(task)(**task.trainer.parameters)
