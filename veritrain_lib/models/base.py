"""What answers: one protocol, and one opener for a model's address."""

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
    """Anything that answers rows."""

    @property
    def uri(self) -> str:
        """The address under which it can be opened again."""
        ...

    def answer(self, rows: pd.DataFrame) -> list[Response]:
        """One response a row, in order. A row that could not be answered gets a response with `error`."""
        ...


@runtime_checkable
class Scorer(Protocol):
    """A model that can score every label, which choosing by uncertainty needs."""

    labels: list[str]

    def scores(self, rows: pd.DataFrame) -> np.ndarray:
        """Shape (rows, labels): higher is more certain; each row sums to 1."""
        ...


@runtime_checkable
class Sure(Protocol):
    """A model that says how sure it is of its answer without being compared with a label."""

    def certainty(self, rows: pd.DataFrame) -> np.ndarray:
        """Shape (rows,): higher is more certain."""
        ...


PLAIN_SCHEMES = ("student", "memory", "lora")
"""Schemes of ours whose folders hold no code: skops with our list, JSON, safetensors."""

REMOTE_SCHEMES = ("openai", "azure")
"""Schemes of models that are asked over the network."""


def open_model(uri: str, task: Task) -> Model:
    """Open a model by its address.

    `models:/NAME/VERSION`, `models:/NAME@ALIAS` and `runs:/...` are MLflow's; `student:FOLDER` is a scikit-learn
    student on disk and `memory:FOLDER` a translation memory; another scheme is looked up among the extensions of `veritrain.models`.

    Raises UserError for an address of no known scheme or a model that is not there, and Refused for one that is code
    and may not run here (`trust`).
    """
    scheme, colon, place = uri.partition(":")
    if not colon:
        raise UserError(
            f"{uri!r} is no model address; examples: models:/{task.name}@champion, models:/{task.name}/3"
        )
    name = "mlflow" if scheme in ("models", "runs") else scheme
    if name not in ("mlflow", *PLAIN_SCHEMES, *REMOTE_SCHEMES):
        door.own_file(Path(place).expanduser(), f"the model {uri}")
    opened: Model = registry.get("models", name)(uri, task)
    return opened
