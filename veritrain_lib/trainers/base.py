"""The protocols `Trainer` and `Fitted`, and how a model server serves a fitted model."""

from __future__ import annotations

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

    Three optional attributes are read beside the members below:

    - `base` (text): the URI or path of the model that it is an adapter of; without it the model is registered as a
      stand-alone model.
    - `facts` (mapping): statistics of the training for people; they become tags and the table `job`.
    - `served` (`ServingSpec`): how a model server serves it; without it only `open_model` opens it, by the scheme of
      the model's URI.
    """

    @property
    def model(self) -> Model:
        """The trained model, ready to answer."""
        ...

    def save(self, folder: Path) -> None:
        """Write everything that is needed to open the model again into an empty folder.

        From then on the model's URI is `SCHEME:FOLDER`, which `open_model` opens; the registry keeps the folder
        under that scheme.
        """
        ...


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

    It is constructed by `Trainer(**parameters)` from the task's `trainer.parameters`. These optional attributes are
    read beside the members below:

    - `answers`: the kinds of answer it can learn, "labels" or "text" (both when missing); a task with another kind
      of answer is rejected.
    - `parameter_names`: the names that `parameters` may contain; a recipe from elsewhere is reduced to them.
    - `paid` or `slow` (True): each training costs money or many minutes, so other stages train the quick student
      instead.
    - `on_step` (None by default): set before `train` to a function that takes a step and numbers by name, which are
      logged live.
    - `ingredients(task)`: a method that returns digests, by name, of what a training depends on beside rows,
      parameters and code (such as a checkpoint on disk); other digests mean another training.

    Attributes:
        name: the name in the task file.
    """

    name: str

    def train(self, task: Task, rows: pd.DataFrame, *, seed: int) -> Fitted:
        """Train on rows.

        Args:
            task: the task.
            rows: training rows, with the columns that `core.records` defines.
            seed: the same rows, parameters and seed give the same answers.
        """
        ...


def require_empty_folder(folder: Path) -> Path:
    """Return a folder that a model can be saved into.

    Raises:
        UserError: the folder is not empty.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UserError(f"{folder} is not empty; a model can only be saved into an empty folder")
    return folder


def trainer_type(task: Task) -> Any:
    """Return what makes the task's trainer when it is called with `trainer.parameters`.

    The optional attributes of a trainer (`answers`, `paid`, `slow`, ...) can be read from it.

    Raises:
        UserError: there is no trainer of the name, or the name of a user's own is taken.
    """
    if task.trainer.file is None:
        return registry.get("trainers", task.trainer.name)
    from veritrain_lib.trainers.own_trainer import OwnTrainerType

    return OwnTrainerType(
        task.trainer.name, (task.path.parent / task.trainer.file).resolve(), task.trainer.file
    )


def open_trainer(task: Task) -> Trainer:
    """Return the task's trainer, made with its parameters.

    Raises:
        UserError: as `trainer_type`, when the trainer refuses a parameter, and when a user's file can't be used.
        Refused: a user's file lies among the files of the record.
    """
    trainer: Trainer = trainer_type(task)(**task.trainer.parameters)
    return trainer
