"""Models whose opening runs their author's command, each in another way; the file it makes is the proof."""

from __future__ import annotations

import json
import os
import pickle
from collections.abc import Callable
from pathlib import Path

import cloudpickle
import mlflow
import skops.io
import yaml
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer


class Command:
    """Runs a shell command when it is unpickled."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, (self.command,)


EVIL = """
import pathlib
pathlib.Path({canary!r}).touch()

class Model:
    def predict(self, rows, params=None):
        return ["billing"] * len(rows)

def _load_pyfunc(path):
    return Model()
"""


def _mlmodel(folder: Path, flavors: dict[str, dict[str, object]]) -> None:
    content = {"flavors": flavors, "mlflow_version": mlflow.__version__, "model_uuid": "0" * 32}
    (folder / "MLmodel").write_text(yaml.safe_dump(content))


def _python(loader: str, **more: object) -> dict[str, object]:
    return {"loader_module": loader, "python_version": "3.11.7", "env": {}, **more}


def code(folder: Path, canary: Path) -> None:
    """A module of its own beside it."""
    (folder / "code").mkdir()
    (folder / "code" / "evil_loader.py").write_text(EVIL.format(canary=str(canary)))
    _mlmodel(folder, {"python_function": _python("evil_loader", code="code")})


def model_from_code(folder: Path, canary: Path) -> None:
    """MLflow's models from code."""
    script = (
        EVIL.format(canary=str(canary)) + "\nimport mlflow\nmlflow.models.set_model(lambda rows: ['x'])\n"
    )
    (folder / "script.py").write_text(script)
    _mlmodel(folder, {"python_function": _python("mlflow.pyfunc.model", model_code_path="script.py")})


def pickled(folder: Path, canary: Path) -> None:
    """A scikit-learn model by pickle."""
    (folder / "model.pkl").write_bytes(pickle.dumps(Command(f"touch {canary}")))
    sklearn = {"pickled_model": "model.pkl", "serialization_format": "pickle", "sklearn_version": "1.9.1"}
    _mlmodel(
        folder,
        {"python_function": _python("mlflow.sklearn", model_path="model.pkl"), "sklearn": dict(sklearn)},
    )


def cloudpickled(folder: Path, canary: Path) -> None:
    """A Python model by cloudpickle."""
    (folder / "python_model.pkl").write_bytes(cloudpickle.dumps(Command(f"touch {canary}")))
    more = {"python_model": "python_model.pkl", "cloudpickle_version": cloudpickle.__version__}
    _mlmodel(folder, {"python_function": _python("mlflow.pyfunc.model", **more)})


def keras(folder: Path, canary: Path) -> None:
    """A Keras model that brings its own `keras`."""
    (folder / "code").mkdir()
    (folder / "code" / "keras.py").write_text(EVIL.format(canary=str(canary)))
    (folder / "data").mkdir()
    (folder / "data" / "keras_module.txt").write_text("keras")
    (folder / "data" / "model.keras").write_bytes(b"no archive")
    _mlmodel(
        folder,
        {"python_function": _python("mlflow.keras", data="data", code="code"), "keras": {"data": "data"}},
    )


def torch(folder: Path, canary: Path) -> None:
    """A PyTorch model with the pickle module of its choice."""
    (folder / "data").mkdir()
    (folder / "data" / "pickle_module_info.txt").write_text("pickle")
    (folder / "data" / "model.pth").write_bytes(pickle.dumps(Command(f"touch {canary}")))
    _mlmodel(folder, {"python_function": _python("mlflow.pytorch", data="data"), "pytorch": {}})


def _foreign_skops(file: Path, canary: Path) -> None:
    foreign = make_pipeline(FunctionTransformer(os.system, kw_args={}), TfidfVectorizer())
    skops.io.dump(foreign, file)
    assert str(canary)


def skops_foreign(folder: Path, canary: Path) -> None:
    """A skops file with a function of `os`, trusted by the author's own list."""
    _foreign_skops(folder / "model.skops", canary)
    trusted = ["posix.system"]
    sklearn = {
        "pickled_model": "model.skops",
        "serialization_format": "skops",
        "skops_trusted_types": trusted,
    }
    _mlmodel(
        folder,
        {"python_function": _python("mlflow.sklearn", model_path="model.skops"), "sklearn": dict(sklearn)},
    )


def student_foreign(folder: Path, canary: Path) -> None:
    """A student of ours whose skops file is another's."""
    place = folder / "artifacts" / "student"
    place.mkdir(parents=True)
    _foreign_skops(place / "student.skops", canary)
    card = {"labels": ["billing"], "inputs": ["text"], "versions": {"scikit-learn": "1.9.1"}}
    (place / "student.json").write_text(json.dumps({**card, "format_version": 2}))
    (place / "terms.json").write_text("{}")
    code(folder, canary)


def adapter(folder: Path, canary: Path) -> None:
    """An adapter whose settings name a module to import."""
    place = folder / "artifacts" / "lora"
    place.mkdir(parents=True)
    settings = {"peft_type": "LORA", "megatron_config": {"a": 1}, "megatron_core": "evil_loader"}
    (place / "adapter_config.json").write_text(json.dumps(settings))
    (place / "adapter_model.safetensors").write_bytes(b"")
    card = {
        "base": "checkpoint:/nowhere", "base_digest": "", "asking": {}, "inputs": ["text"], "target": "label",
        "max_input_tokens": 9, "max_answer_tokens": 9, "candidates": 1,
        "weights_digest": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    }  # fmt: skip
    (place / "lora.json").write_text(json.dumps(card))
    code(folder, canary)


def extension(folder: Path, canary: Path) -> None:
    """A folder in the name of an installed extension that unpickles."""
    (folder / "artifacts" / "hostile").mkdir(parents=True)
    (folder / "artifacts" / "hostile" / "x.pkl").write_bytes(pickle.dumps(Command(f"touch {canary}")))


RUNS = (code, model_from_code, pickled, cloudpickled, keras)
"""Those that run their command as soon as MLflow opens them."""

HOSTILE = (*RUNS, torch, skops_foreign, student_foreign, adapter, extension)


def open_hostile(uri: str, task: object) -> object:
    """What the extension `hostile` opens its folders by."""
    return pickle.loads((Path(uri.removeprefix("hostile:")) / "x.pkl").read_bytes())
