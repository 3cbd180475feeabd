"""A model as MLflow keeps it: served by one file of code beside it, or opened by us alone."""

from __future__ import annotations

import json
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.task import Task
    from veritrain_lib.trainers.base import Fitted, ServedForm

# What follows the student's own source in the file that MLflow serves: nothing of Veri-Train is needed there.
SERVED = """

import mlflow.pyfunc  # noqa: E402


class ServedModel(mlflow.pyfunc.PythonModel):
    def load_context(self, context):
        (folder,) = context.artifacts.values()
        self.opened = CLASS.load(folder)

    def predict(self, context, model_input, params=None):
        return self.opened.predict(model_input)


mlflow.models.set_model(ServedModel())
"""

CARD = "model.json"
"""Of a model that lives at a provider: where it is."""


def write(place: Path, task: Task, fitted: Fitted, example: pd.DataFrame, model_id: str) -> None:
    """Write a trained model as an MLflow model into a folder that is not there yet.

    Its own folder stands in it as `artifacts/SCHEME`, the scheme of its address. With a `served` form a model
    server can answer with it; else only `open_model` opens it. `example` are rows whose inputs become the model's
    input example.
    """
    form: ServedForm | None = getattr(fitted, "served", None)
    with tempfile.TemporaryDirectory() as folder:
        saved = Path(folder) / "saved"
        fitted.save(saved)
        scheme = fitted.model.uri.partition(":")[0]
        if form is None:
            _write_unserved(place, task, fitted, saved, scheme, model_id)
        else:
            _write_served(place, task, form, saved.rename(saved.with_name(scheme)), example, model_id)


def _write_served(
    place: Path, task: Task, form: ServedForm, saved: Path, example: pd.DataFrame, model_id: str
) -> None:
    import mlflow
    from mlflow.models import Model
    from mlflow.models.signature import ModelSignature
    from mlflow.types.schema import Array, ColSpec, DataType, Object, Property, Schema

    code = saved.with_name(f"served_{saved.name}.py")
    code.write_text(
        form.code.read_text(encoding="utf-8") + SERVED.replace("CLASS", form.name), encoding="utf-8"
    )
    candidate = Object([Property(form.key, DataType.string), Property("score", DataType.double)])
    texts = [ColSpec(DataType.string, name) for name in ("explanation", *form.texts)]
    mlflow.pyfunc.save_model(
        str(place),
        python_model=str(code),
        artifacts={saved.name: str(saved)},
        signature=ModelSignature(
            Schema([ColSpec(DataType.string, name) for name in form.columns]),
            Schema([ColSpec(DataType.string, form.key), ColSpec(Array(candidate), "candidates"), *texts]),
        ),
        mlflow_model=Model(model_id=model_id),
        input_example=example[list(form.columns)].reset_index(drop=True),
        pip_requirements=list(requirements(form.packages)),
        metadata=_about(task),
    )


def _write_unserved(place: Path, task: Task, fitted: Fitted, saved: Path, scheme: str, model_id: str) -> None:
    from shutil import copytree

    from mlflow.models import Model

    copytree(saved, place / "artifacts" / scheme)
    model = Model(model_id=model_id, metadata=_about(task))
    model.add_flavor(f"veritrain_{scheme}", base=str(getattr(fitted, "base", "")))
    model.save(str(place / "MLmodel"))


def _about(task: Task) -> dict[str, str]:
    return {"task": task.name, "contract": json.dumps(task.contract, ensure_ascii=False)}


def write_remote(place: Path, task: Task, fitted: Fitted, model_id: str) -> None:
    """Write a model that lives at a provider: its card (`remote/model.json`) and an MLmodel file that names it.

    It has no flavour that a model server could serve; `open_model` opens it by the address on its card.
    """
    from mlflow.models import Model

    fitted.save(place / "remote")
    card = json.loads((place / "remote" / CARD).read_text(encoding="utf-8"))
    model = Model(model_id=model_id, metadata=_about(task))
    model.add_flavor("veritrain_remote", address=card["address"], base=card["base"], type=card["type"])
    model.save(str(place / "MLmodel"))


def requirements(packages: tuple[str, ...]) -> tuple[str, ...]:
    """What a server needs to answer with a model: the pinned versions of this environment."""
    return tuple(pinned(name) for name in ("mlflow", *packages))


@cache
def pinned(package: str) -> str:
    """`NAME==VERSION` of an installed package; to look it up takes some milliseconds, so it is done once a process."""
    from importlib.metadata import version

    return f"{package}=={version(package)}"
