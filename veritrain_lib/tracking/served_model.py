"""Folders of MLflow models, written with code for MLflow's model server or in a format that only Veri-Train opens."""

from __future__ import annotations

import json
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from veritrain_lib.models.served import joined
from veritrain_lib.trainers.own_trainer import FittedSklearn
from veritrain_lib.trust import skops_types

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.task import Task
    from veritrain_lib.trainers.base import Fitted, ServingSpec

# Appended to the student model's source in the file that MLflow serves, which does not need Veri-Train.
SERVING_CODE = """

import mlflow.pyfunc  # noqa: E402


class ServedModel(mlflow.pyfunc.PythonModel):
    def load_context(self, context):
        (folder,) = context.artifacts.values()
        self.opened = CLASS.load(folder)

    def predict(self, context, model_input, params=None):
        return self.opened.predict(model_input)


mlflow.models.set_model(ServedModel())
"""

CARD_FILE = "model.json"
"""Name of the file that stands for a model stored at a provider, such as OpenAI; it holds the model's address."""


def write(path: Path, task: Task, fitted: Fitted, example: pd.DataFrame, model_id: str) -> None:
    """Write a trained model as an MLflow model into a new folder.

    The model's own files are in `artifacts/SCHEME`, where SCHEME is the scheme of its address. If the model has a
    `served` form, MLflow's model server can serve it; otherwise only `open_model` opens it. A user's own scikit-learn
    estimator is written in MLflow's scikit-learn flavor.

    Args:
        path: The new folder.
        task: The task.
        fitted: The trained model.
        example: Rows whose inputs become the model's input example.
        model_id: MLflow's id of the logged model.
    """
    if isinstance(fitted, FittedSklearn):
        _write_sklearn(path, task, fitted, example, model_id)
        return
    served_form = fitted.served
    with tempfile.TemporaryDirectory() as folder:
        model_folder = Path(folder) / "saved"
        fitted.save(model_folder)
        scheme = fitted.model.uri.partition(":")[0]
        if served_form is None:
            _write_unserved(path, task, fitted, model_folder, scheme, model_id)
        else:
            _write_served(
                path,
                task,
                served_form,
                model_folder.rename(model_folder.with_name(scheme)),
                example,
                model_id,
            )


def _write_served(
    path: Path, task: Task, served_form: ServingSpec, model_folder: Path, example: pd.DataFrame, model_id: str
) -> None:
    import mlflow
    from mlflow.models import Model
    from mlflow.models.signature import ModelSignature
    from mlflow.types.schema import Array, ColSpec, DataType, Object, Property, Schema

    code = model_folder.with_name(f"served_{model_folder.name}.py")
    code.write_text(
        served_form.code.read_text(encoding="utf-8") + SERVING_CODE.replace("CLASS", served_form.name),
        encoding="utf-8",
    )
    candidate = Object([Property(served_form.key, DataType.string), Property("score", DataType.double)])
    texts = [ColSpec(DataType.string, name) for name in ("explanation", *served_form.texts)]
    mlflow.pyfunc.save_model(
        str(path),
        python_model=str(code),
        artifacts={model_folder.name: str(model_folder)},
        signature=ModelSignature(
            Schema([ColSpec(DataType.string, name) for name in served_form.columns]),
            Schema(
                [ColSpec(DataType.string, served_form.key), ColSpec(Array(candidate), "candidates"), *texts]
            ),
        ),
        mlflow_model=Model(model_id=model_id),
        input_example=example[list(served_form.columns)].reset_index(drop=True),
        pip_requirements=list(requirements(served_form.packages)),
        metadata=_metadata(task),
    )


def _write_sklearn(
    path: Path, task: Task, fitted: FittedSklearn, example: pd.DataFrame, model_id: str
) -> None:
    """Write an estimator as a model of MLflow's scikit-learn flavor, in the format of skops.

    MLflow's model server then answers with what `predict` returns, one label for each row. Requests hold the columns
    that the estimator was fitted on, or a list of texts if it was fitted on texts.
    """
    import mlflow.sklearn
    import numpy as np
    from mlflow.models import Model
    from mlflow.models.signature import ModelSignature
    from mlflow.types.schema import ColSpec, DataType, Schema, TensorSpec

    with tempfile.TemporaryDirectory() as folder:
        fitted.save(Path(folder))
        trusted = skops_types.untrusted_types(Path(folder) / skops_types.SKOPS_FILE)
    texts = Schema([TensorSpec(np.dtype("str"), (-1,))])
    inputs = Schema([ColSpec(DataType.string, name) for name in fitted.columns]) if fitted.columns else texts
    mlflow.sklearn.save_model(
        fitted.estimator,
        str(path),
        serialization_format="skops",
        skops_trusted_types=trusted,
        signature=ModelSignature(inputs, texts),
        mlflow_model=Model(model_id=model_id),
        input_example=(
            example[list(fitted.columns)].reset_index(drop=True)
            if fitted.columns
            else np.array(joined(example, list(task.inputs)), dtype=str)
        ),
        pip_requirements=list(
            requirements(("scikit-learn", "skops", "numpy", "scipy", "pandas", *_packages(trusted)))
        ),
        metadata=_metadata(task),
    )


def _packages(types: list[str]) -> tuple[str, ...]:
    """Return the distributions that define the given classes, without those that every scikit-learn model needs.

    Args:
        types: Full class names, such as `xgboost.sklearn.XGBClassifier`.
    """
    from importlib.metadata import packages_distributions

    distributions = packages_distributions()
    modules = {name.partition(".")[0] for name in types} - {"builtins", "sklearn", "numpy", "scipy", "pandas"}
    return tuple(sorted({name for module in modules for name in distributions.get(module, ())[:1]}))


def _write_unserved(
    path: Path, task: Task, fitted: Fitted, model_folder: Path, scheme: str, model_id: str
) -> None:
    from shutil import copytree

    from mlflow.models import Model

    copytree(model_folder, path / "artifacts" / scheme)
    model = Model(model_id=model_id, metadata=_metadata(task))
    model.add_flavor(f"veritrain_{scheme}", base=fitted.base)
    model.save(str(path / "MLmodel"))


def _metadata(task: Task) -> dict[str, str]:
    return {"task": task.name, "contract": json.dumps(task.contract, ensure_ascii=False)}


def write_remote(path: Path, task: Task, fitted: Fitted, model_id: str) -> None:
    """Write an MLflow model without weights that names a model at a provider, such as OpenAI.

    The folder holds a card with the model's address (`remote/model.json`) and an MLmodel file. A model server can't
    serve it; `open_model` opens it by the address on the card.
    """
    from mlflow.models import Model

    fitted.save(path / "remote")
    card = json.loads((path / "remote" / CARD_FILE).read_text(encoding="utf-8"))
    model = Model(model_id=model_id, metadata=_metadata(task))
    model.add_flavor("veritrain_remote", address=card["address"], base=card["base"], type=card["type"])
    model.save(str(path / "MLmodel"))


def requirements(packages: tuple[str, ...]) -> tuple[str, ...]:
    """Return pinned pip requirements of MLflow and the given packages, for a model server that serves a model."""
    return tuple(pinned_requirement(name) for name in ("mlflow", *packages))


@cache
def pinned_requirement(package: str) -> str:
    """Return the pip requirement `NAME==VERSION` of a package with its installed version."""
    from importlib.metadata import version

    return f"{package}=={version(package)}"
