"""Models in the record: MLflow's registry, its aliases, and models opened from it."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from veritrain_lib import digest
from veritrain_lib.errors import UserError
from veritrain_lib.tracking import served, store
from veritrain_lib.tracking.opened import PyfuncModel, RegisteredStudent

if TYPE_CHECKING:
    import pandas as pd
    from mlflow.entities.model_registry import ModelVersion

    from veritrain_lib.models.base import Model
    from veritrain_lib.task import Task
    from veritrain_lib.trainers.base import Fitted

DIGEST = "veritrain.model.digest"
CHAMPION, CHALLENGER = "champion", "challenger"


@dataclass(frozen=True)
class Registered:
    """A version in the registry. `dataset` is the reference it was trained on, `id` MLflow's model id."""

    name: str
    version: int
    digest: str
    dataset: str
    run_id: str
    id: str

    @property
    def uri(self) -> str:
        """`models:/NAME/VERSION`."""
        return f"models:/{self.name}/{self.version}"


def register(
    task: Task,
    run_id: str,
    fitted: Fitted,
    *,
    model_digest: str,
    dataset: str,
    example: pd.DataFrame,
    measures: Mapping[str, float],
) -> Registered:
    """Store a trained model as the next version of the task's registered model; alias `challenger`.

    A model with the same digest is not stored twice: its version is given, and the alias moves to it.
    """
    old = with_digest(task, model_digest)
    if old is not None:
        set_alias(task, old.version, CHALLENGER)
        return old
    talk = store.client()
    from mlflow.exceptions import MlflowException

    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "model"
        logged = talk.create_logged_model(
            store.experiment(task).experiment_id,
            name=f"{task.name}-{model_digest[:8]}",
            source_run_id=run_id,
            params={"trainer": task.trainer.name, "dataset": dataset},
            tags={DIGEST: model_digest},
            model_type="classifier",
        )
        served.write(place, task, fitted, example, logged.model_id)
        talk.log_model_artifacts(logged.model_id, str(place))
        talk.finalize_logged_model(logged.model_id, "READY")
    try:
        talk.create_registered_model(
            task.name, tags={"veritrain.task": task.name}, description=task.description
        )
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    measured = f"{task.primary.name} {measures.get(task.primary.name, float('nan')):.3f}"
    tags = {
        DIGEST: model_digest,
        "veritrain.dataset": dataset,
        "veritrain.type": "base",
        "veritrain.status": "available",
        "veritrain.trainer": task.trainer.name,
    }
    made = talk.create_model_version(
        task.name,
        f"models:/{logged.model_id}",
        run_id=run_id,
        tags=tags,
        model_id=logged.model_id,
        description=f"{task.trainer.name} trained on {dataset}; development {measured}",
    )
    set_alias(task, int(made.version), CHALLENGER)
    return _registered(made)


def with_digest(task: Task, model_digest: str) -> Registered | None:
    """The version made with this digest, None when there is none."""
    found = [one for one in listing(task) if one.digest == model_digest]
    return found[0] if found else None


def listing(task: Task) -> list[Registered]:
    """Every version of the task's registered model, oldest first."""
    found = store.client().search_model_versions(f"name = '{task.name}'", max_results=10_000)
    return sorted((_registered(one) for one in found if DIGEST in one.tags), key=lambda one: one.version)


def _registered(version: ModelVersion) -> Registered:
    tags = version.tags or {}
    return Registered(
        version.name,
        int(version.version),
        tags.get(DIGEST, ""),
        tags.get("veritrain.dataset", ""),
        version.run_id or "",
        version.model_id or "",
    )


def set_alias(task: Task, version: int, alias: str) -> None:
    """Point an alias (`champion`, `challenger`) at a version."""
    store.client().set_registered_model_alias(task.name, alias, str(version))


def by_alias(task: Task, alias: str) -> Registered | None:
    """The version that an alias points at, None when it points nowhere."""
    from mlflow.exceptions import MlflowException

    try:
        return _registered(store.client().get_model_version_by_alias(task.name, alias))
    except MlflowException as error:
        if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            return None
        raise


def describe(task: Task, uri: str) -> Registered:
    """What the registry knows of `models:/NAME/VERSION` or `models:/NAME@ALIAS`.

    Raises UserError when there is no such version, naming those there are.
    """
    from mlflow.exceptions import MlflowException

    address = uri.removeprefix("models:/")
    talk = store.client()
    try:
        if "@" in address:
            return _registered(talk.get_model_version_by_alias(*address.split("@", 1)))
        name, _, version = address.rpartition("/")
        return _registered(talk.get_model_version(name, version))
    except MlflowException as error:
        there = ", ".join(one.uri for one in listing(task)) or "none yet; run: veritrain loop"
        raise UserError(f"there is no model {uri}; there are: {there}") from error


def tag_version(task: Task, version: int, tags: Mapping[str, str]) -> None:
    """Set tags of a version, for example its probe result."""
    for key, value in tags.items():
        store.client().set_model_version_tag(task.name, str(version), key, value)


def identity(task: Task, uri: str) -> str:
    """The digest that names a model whatever it is called: of what made it, or else of its address."""
    if uri.startswith("models:/"):
        known = describe(task, uri)
        return known.digest or digest.of_json(known.uri)
    if uri.startswith("student:"):
        folder = Path(uri.removeprefix("student:")).expanduser()
        return digest.of_json(
            {file.name: digest.of_file(file) for file in sorted(folder.iterdir()) if file.is_file()}
        )
    return digest.of_json(uri)


def open_mlflow(uri: str, task: Task) -> Model:
    """Open `models:/...` or `runs:/...` (the opener of extension `mlflow`).

    A student of ours opens as a student, which can score every label; any other model opens through MLflow's
    pyfunc and must answer in the form of the task's output contract.

    Raises UserError when there is no such model.
    """
    import mlflow
    from mlflow.exceptions import MlflowException

    from veritrain_lib.models.student import open_student

    store.client()
    address = (
        describe(task, uri).uri if uri.startswith("models:/") and uri.count("/") + uri.count("@") > 1 else uri
    )
    try:
        place = Path(mlflow.artifacts.download_artifacts(artifact_uri=address))
    except MlflowException as error:
        raise UserError(f"the model {uri} can't be opened: {str(error).splitlines()[0]}") from error
    if (place / "artifacts" / "student").is_dir():
        return RegisteredStudent(address, open_student(f"student:{place / 'artifacts' / 'student'}", task))
    return PyfuncModel(address, mlflow.pyfunc.load_model(str(place)), task)
