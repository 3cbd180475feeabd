"""What makes challengers: one protocol."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from veritrain_lib.core.errors import UserError

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from veritrain_lib.core.task import Task
    from veritrain_lib.models.base import Model


class Fitted(Protocol):
    """What a trainer hands back: a model that is ready to answer, and can be put on disk.

    Three attributes are looked for beside what is here. `base` (text): the address or path of the model that it
    is an adapter of; without it the registry keeps a model of its own. `facts` (mapping): what people want to know
    of the training; they become tags and the table `job`. `served` (`ServedForm`): how a model server answers
    with it; without it only `open_model` opens it, by the scheme of the model's address.
    """

    @property
    def model(self) -> Model:
        """The trained model, opened."""
        ...

    def save(self, folder: Path) -> None:
        """Write everything that is needed to open it again into an empty folder.

        From then on the model's address is `SCHEME:FOLDER`, which `open_model` opens; the registry keeps the folder
        under that scheme.
        """
        ...


@dataclass(frozen=True)
class ServedForm:
    """How a model server answers with a saved model: nothing of Veri-Train is there.

    `code` is a Python file of its own, `name` the class in it with `load(folder)` and `predict(frame)`, and
    `packages` the distributions whose pinned versions it needs. It reads `columns` and answers with the text `key`,
    candidates (`key`, score), an explanation, and further `texts`.
    """

    code: Path
    name: str
    packages: tuple[str, ...]
    columns: tuple[str, ...]
    key: str
    texts: tuple[str, ...] = ()


class Trainer(Protocol):
    """Makes a model from rows. Made by `Trainer(**parameters)` from the task's `trainer.parameters`.

    `answers`, when it is there, says what it learns to give: "labels", "text" (both without it); a task with another
    kind of answer is refused. `parameter_names`, when it is there, lists what `parameters` may hold: a recipe from elsewhere is fitted to it.
    Three more attributes are looked for. `paid` or `slow` (True): it costs money or long minutes each time, so other
    stages train the quick student in its place. `on_step`: when it is there (None by default), it is set before
    `train` to a function that takes a step and numbers by name, which the record keeps live. A method
    `ingredients(task)` gives digests by name of what a training depends on beside rows, parameters and code (a
    checkpoint on disk): with other ones it is other work.
    """

    name: str

    def train(self, task: Task, rows: pd.DataFrame, *, seed: int) -> Fitted:
        """Train on rows (columns as `records` says). Same rows, parameters and seed: same answers."""
        ...


def empty_place(folder: Path) -> Path:
    """The folder, for a model to be saved into. Raises UserError when it holds anything."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UserError(f"{folder} is not empty; a model is saved into an empty folder of its own")
    return folder
