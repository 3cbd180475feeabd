"""A student as MLflow serves it: one file of code beside the student, and nothing of Veri-Train."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.task import Task
    from veritrain_lib.trainers.base import Fitted

# What follows the student's own source in the file that MLflow serves: nothing of Veri-Train is needed there.
SERVED = """

import mlflow.pyfunc  # noqa: E402


class StudentModel(mlflow.pyfunc.PythonModel):
    def load_context(self, context):
        self.student = ServedStudent.load(context.artifacts["student"])

    def predict(self, context, model_input, params=None):
        return self.student.predict(model_input)


mlflow.models.set_model(StudentModel())
"""


def write(place: Path, task: Task, fitted: Fitted, example: pd.DataFrame, model_id: str) -> None:
    """Write a trained model as an MLflow model into a folder that is not there yet.

    `example` are rows whose inputs become the model's input example.
    """
    import mlflow
    from mlflow.models import Model
    from mlflow.models.signature import ModelSignature
    from mlflow.types.schema import Array, ColSpec, DataType, Object, Property, Schema

    import veritrain_lib.models.served as served

    with tempfile.TemporaryDirectory() as folder:
        student = Path(folder) / "student"
        fitted.save(student)
        code = Path(folder) / "served_student.py"
        code.write_text(Path(served.__file__).read_text(encoding="utf-8") + SERVED, encoding="utf-8")
        candidate = Object([Property("label", DataType.string), Property("score", DataType.double)])
        signature = ModelSignature(
            Schema([ColSpec(DataType.string, name) for name in task.inputs]),
            Schema(
                [
                    ColSpec(DataType.string, "label"),
                    ColSpec(Array(candidate), "candidates"),
                    ColSpec(DataType.string, "explanation"),
                ]
            ),
        )
        mlflow.pyfunc.save_model(
            str(place),
            python_model=str(code),
            artifacts={"student": str(student)},
            signature=signature,
            mlflow_model=Model(model_id=model_id),
            input_example=example[list(task.inputs)].reset_index(drop=True),
            pip_requirements=requirements(),
            metadata={"task": task.name, "contract": json.dumps(task.contract)},
        )


def requirements() -> list[str]:
    """What a server needs to answer with a student: the pinned versions of this environment."""
    from importlib.metadata import version

    return [
        f"{name}=={version(name)}" for name in ("mlflow", "scikit-learn", "skops", "numpy", "scipy", "pandas")
    ]
