"""The model protocols, and `open_model`, which opens a model by its URI."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from veritrain_lib.core import registry
from veritrain_lib.core.errors import UserError
from veritrain_lib.llm.providers import PROVIDERS
from veritrain_lib.trust import door

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from veritrain_lib.core.records import Response
    from veritrain_lib.core.task import Task


class Model(Protocol):
    """Protocol of a model that answers rows of a task."""

    @property
    def uri(self) -> str:
        """The URI under which `open_model` opens this model again."""
        ...

    def answer(self, rows: pd.DataFrame) -> list[Response]:
        """Return the model's response to each row, in order.

        A row that could not be answered gets a response whose `error` says why.
        """
        ...


@runtime_checkable
class Scorer(Protocol):
    """Protocol of a model that scores every label for a row, which uncertainty sampling needs.

    Attributes:
        labels: the labels, in the order of the columns of `scores`.
    """

    labels: list[str]

    def scores(self, rows: pd.DataFrame) -> np.ndarray:
        """Return the model's score of every label for every row.

        Returns:
            Array of shape (rows, labels): a higher score is more confident; each row sums to 1.
        """
        ...


@runtime_checkable
class SupportsConfidence(Protocol):
    """Protocol of a model that reports its confidence in its own answers, without knowing the right answers."""

    def confidence(self, rows: pd.DataFrame) -> np.ndarray:
        """Return the model's confidence in its answer to each row.

        Returns:
            Array of shape (rows,): a higher value is more confident.
        """
        ...


CODE_FREE_SCHEMES = ("student", "memory", "lora")
"""URI schemes of this library whose model folders hold data only and no code.

Their files are skops (with a fixed list of allowed types), JSON and safetensors.
"""


def open_model(uri: str, task: Task) -> Model:
    """Open a model by its URI, such as `models:/support@champion` or `openai:/MODEL`.

    Args:
        uri: `models:/NAME/VERSION`, `models:/NAME@ALIAS` and `runs:/...` are MLflow's; `student:FOLDER` is a
            scikit-learn student on disk, `memory:FOLDER` a translation memory and `lora:FOLDER` a language
            model with an adapter; any other scheme is looked up among the extensions in the entry point group
            `veritrain.models`.
        task: the task that the model answers.

    Raises:
        UserError: the URI has no known scheme, or there is no such model.
        Refused: the model contains code that has not been approved to run here (see `trust/`).
    """
    scheme, colon, path = uri.partition(":")
    if not colon:
        raise UserError(
            f"{uri!r} is not a model URI; examples: models:/{task.name}@champion, models:/{task.name}/3"
        )
    name = "mlflow" if scheme in ("models", "runs") else scheme
    if name not in ("mlflow", *CODE_FREE_SCHEMES, *PROVIDERS):
        door.require_local_file(Path(path).expanduser(), f"the model {uri}")
    opened: Model = registry.get("models", name)(uri, task)
    return opened
