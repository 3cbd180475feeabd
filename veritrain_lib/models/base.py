"""The model protocols, and `open_model`, which opens a model by its URI."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from veritrain_lib.core import registry
from veritrain_lib.core.errors import UserError
from veritrain_lib.trust import door

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from veritrain_lib.core.records import Response
    from veritrain_lib.core.task import Task


class Model(Protocol):
    """A model that answers rows."""

    @property
    def uri(self) -> str:
        """The URI under which `open_model` opens the model again."""
        ...

    def answer(self, rows: pd.DataFrame) -> list[Response]:
        """Return one response for each row, in order.

        A row that could not be answered gets a response with `error`.
        """
        ...


@runtime_checkable
class Scorer(Protocol):
    """A model that can score every label, which uncertainty sampling needs.

    Attributes:
        labels: the labels, in the order of the columns of `scores`.
    """

    labels: list[str]

    def scores(self, rows: pd.DataFrame) -> np.ndarray:
        """Return the score of every label for every row.

        Returns:
            Shape (rows, labels): higher is more confident; each row sums to 1.
        """
        ...


@runtime_checkable
class SupportsConfidence(Protocol):
    """A model that states how confident it is of its answer without knowing the right label."""

    def confidence(self, rows: pd.DataFrame) -> np.ndarray:
        """Return how confident the model is of its answer to each row.

        Returns:
            Shape (rows,): higher is more confident.
        """
        ...


CODE_FREE_SCHEMES = ("student", "memory", "lora")
"""Our URI schemes whose model folders hold data only, no code: skops with our list of types, JSON, safetensors."""

REMOTE_SCHEMES = ("openai", "azure")
"""URI schemes of models that are called over the network."""


def open_model(uri: str, task: Task) -> Model:
    """Open a model by its URI.

    Args:
        uri: `models:/NAME/VERSION`, `models:/NAME@ALIAS` and `runs:/...` are MLflow's; `student:FOLDER` is a
            scikit-learn student on disk and `memory:FOLDER` a translation memory; any other scheme is looked up
            among the extensions of `veritrain.models`.
        task: the task that the model answers.

    Raises:
        UserError: the URI has no known scheme, or there is no such model.
        Refused: the model contains code that may not run here (`trust`).
    """
    scheme, colon, path = uri.partition(":")
    if not colon:
        raise UserError(
            f"{uri!r} is not a model URI; examples: models:/{task.name}@champion, models:/{task.name}/3"
        )
    name = "mlflow" if scheme in ("models", "runs") else scheme
    if name not in ("mlflow", *CODE_FREE_SCHEMES, *REMOTE_SCHEMES):
        door.require_local_file(Path(path).expanduser(), f"the model {uri}")
    opened: Model = registry.get("models", name)(uri, task)
    return opened
