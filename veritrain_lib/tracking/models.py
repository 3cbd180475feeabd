"""Models in MLflow's registry: storing new versions, moving aliases, promotion, and opening models.

`model_versions.py` finds versions, `model_files.py` finds their files.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from veritrain_lib.core import digest
from veritrain_lib.tracking import manifest, served_model, store
from veritrain_lib.tracking.model_files import (
    ModelContents,
    files_of,
    missing,
    model_contents,
    remote_address,
)
from veritrain_lib.tracking.model_versions import (
    ADDRESS,
    CHALLENGER,
    CHAMPION,
    DIGEST,
    RegisteredVersion,
    by_alias,
    describe,
    find,
    find_by_digest,
    is_version,
    listing,
    registered,
    resolve_version_uri,
    version_of,
)
from veritrain_lib.tracking.state import claims
from veritrain_lib.tracking.stored_model import code_in_folder, open_by_address, open_stored
from veritrain_lib.trainers.own_trainer import FittedSklearn
from veritrain_lib.trust import approvals
from veritrain_lib.trust.content_digest import digest_of

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.task import Task
    from veritrain_lib.models.base import Model
    from veritrain_lib.trainers.base import Fitted


def register(
    task: Task,
    run_id: str,
    fitted: Fitted,
    *,
    model_digest: str,
    dataset: str,
    example: pd.DataFrame,
    measures: Mapping[str, float],
    base: str = "",
    remote: bool = False,
    facts: Mapping[str, str] | None = None,
) -> RegisteredVersion:
    """Store a trained model as the next version of the task's model in MLflow, with the alias `challenger`.

    A model with the same digest is stored only once, even when two processes register it at the same time: its existing
    version is returned, missing files are restored, and the alias moves to it. The task's first model also becomes its
    champion.

    Args:
        task: The task.
        run_id: Id of the training run.
        fitted: The trained model.
        model_digest: Digest of what made the model.
        dataset: Reference (`NAME@VERSION`) of the training dataset.
        example: Rows whose inputs become MLflow's input example.
        measures: Metrics on the development rows, by name.
        base: Address of the model that an adapter belongs to; empty for a complete model.
        remote: Whether the model lives at a provider; then only a card with its address is stored.
        facts: Further tags of the version, stored as `veritrain.<name>`.
    """
    with claims.claim_update(f"models of {task.name}", f"register a model of task {task.name}"):
        version = _register_once(
            task, run_id, fitted, model_digest, dataset, example, measures, base, remote, facts
        )
        set_alias(task, version.version, CHALLENGER)
        if [entry.digest for entry in listing(task)] == [version.digest]:
            set_alias(task, version.version, CHAMPION)
        return version


def _register_once(
    task: Task,
    run_id: str,
    fitted: Fitted,
    model_digest: str,
    dataset: str,
    example: pd.DataFrame,
    measures: Mapping[str, float],
    base: str,
    remote: bool,
    facts: Mapping[str, str] | None,
) -> RegisteredVersion:
    existing = listing(task)
    previous = next((entry for entry in existing if entry.digest == model_digest), None)
    if previous is not None:
        if missing(task, previous):
            _restore(task, previous, fitted, example, remote)
        return previous
    client = store.client()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model"
        logged_model = client.create_logged_model(
            store.experiment(task).experiment_id,
            name=f"{task.name}-{model_digest[:8]}",
            source_run_id=run_id,
            params={"trainer": task.trainer.name, "dataset": dataset},
            tags={DIGEST: model_digest},
            model_type=task.trainer.name,
        )
        _write(path, task, fitted, example, logged_model.model_id, remote)
        client.log_model_artifacts(logged_model.model_id, str(path))
        client.finalize_logged_model(logged_model.model_id, "READY")
    if not existing:
        _create_registered_model(task)
    score = f"{task.primary.name} {measures.get(task.primary.name, float('nan')):.3f}"
    tags = {
        DIGEST: model_digest,
        "veritrain.dataset": dataset,
        "veritrain.type": "adapter" if base else "base",
        "veritrain.status": "available",
        "veritrain.trainer": task.trainer.name,
        **({"veritrain.base": base} if base else {}),
        **{f"veritrain.{name}": value for name, value in (facts or {}).items()},
    }
    version = client.create_model_version(
        task.name,
        f"models:/{logged_model.model_id}",
        run_id=run_id,
        tags=tags,
        model_id=logged_model.model_id,
        description=f"{task.trainer.name} trained on {dataset}; development {score}",
    )
    return registered(version_of(version))


def _create_registered_model(task: Task) -> None:
    """Create the task's entry in MLflow's model registry; do nothing if another process has just created it."""
    from mlflow.exceptions import MlflowException

    try:
        store.client().create_registered_model(
            task.name, tags={"veritrain.task": task.name}, description=task.description
        )
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise


def _write(
    folder: Path, task: Task, fitted: Fitted, example: pd.DataFrame, model_id: str, remote: bool
) -> None:
    """Write a trained model's files and their manifest into a folder.

    If the model is the user's own scikit-learn estimator, its files are approved as well.

    Args:
        folder: The folder.
        task: The task.
        fitted: The trained model.
        example: Rows whose inputs become MLflow's input example.
        model_id: MLflow's id of the logged model.
        remote: Whether the model lives at a provider; then only a card with its address is written.
    """
    if remote:
        served_model.write_remote(folder, task, fitted, model_id)
    else:
        served_model.write(folder, task, fitted, example, model_id)
    manifest.write(folder, ".")
    _approve_own_estimator(folder, task, fitted)


def _approve_own_estimator(folder: Path, task: Task, fitted: Fitted) -> None:
    """Approve the stored files of a scikit-learn estimator that this process has just trained, if they need that.

    Files of some estimators, such as decision trees, could run code when they are opened and so need an approval. Here
    the trainer's own file was already allowed to run. The approval covers exactly the digest of what was written, so
    files put in their place are refused.
    """
    if isinstance(fitted, FittedSklearn) and (reason := code_in_folder(folder)):
        note = f"trained here by {task.trainer.file} of task {task.name}; {reason}"
        approvals.approve(digest_of(folder), note, by="train stage")


def _restore(
    task: Task, version: RegisteredVersion, fitted: Fitted, example: pd.DataFrame, remote: bool
) -> None:
    """Write a model's lost files again where its registered version expects them.

    Training on the same inputs gives the same files, so the version stays valid.
    """
    client = store.client()
    # The version does not have the model id; it was created from `models:/ID`.
    model_id = str(client.get_model_version(version.name, str(version.version)).source).removeprefix(
        "models:/"
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model"
        _write(path, task, fitted, example, model_id, remote)
        client.log_model_artifacts(model_id, str(path))


def promote(task: Task, beaten_identity: str, uri: str) -> str:
    """Make a model that was proven better than the champion the new champion.

    Models are compared by `identity`, so a second version of the same model counts as that model.

    Args:
        task: The task.
        beaten_identity: Identity of the model that the new one was proven better than.
        uri: Address of the new model.

    Returns:
        An empty text when the alias `champion` now points at the new model. Otherwise the reason why it does not: the
        champion is by now another model, against which nothing was proven.
    """
    with claims.claim_update(f"champion of {task.name}", f"promote a model of task {task.name}"):
        current = by_alias(task, CHAMPION)
        current_identity = identity(task, current.uri) if current else beaten_identity
        if current_identity == identity(task, uri):
            return ""
        if current_identity != beaten_identity:
            assert current is not None
            return (
                f"the alias champion points at {current.uri}, another model than the one that {uri} was proven better "
                f"than; it stays there. To compare the two: "
                f"veritrain evaluate {task.path} --champion {current.uri} --challenger {uri}"
            )
        set_alias(task, describe(task, uri).version, CHAMPION)
        return ""


def set_alias(task: Task, version: int, alias: str) -> None:
    """Point an alias of a task's registered model, `champion` or `challenger`, at a version."""
    store.client().set_registered_model_alias(task.name, alias, str(version))


def tag_version(name: str, version: int, tags: Mapping[str, str]) -> None:
    """Set tags of version `version` of the registered model `name`, such as the results of the probe stage."""
    client = store.client()
    for key, value in tags.items():
        client.set_model_version_tag(name, str(version), key, value)


def identity(task: Task, uri: str) -> str:
    """Return a digest that is the same for the same model under any name or version.

    It is the digest of what made a registered model, of the files of a local folder, of the settings of a chat model,
    and of the address for any other model.
    """
    if uri.startswith("models:/"):
        registered = describe(task, uri)
        if registered.digest:
            return registered.digest
        version = find(f"{registered.name}/{registered.version}")
        address = version.tags.get(ADDRESS) if version else None
        return identity(task, address) if address else digest.of_json(registered.uri)
    path = uri.partition(":")[2]
    folder = Path(path).expanduser()
    if path and folder.is_dir():
        files = sorted(file for file in folder.rglob("*") if file.is_file())
        return digest.of_json({str(file.relative_to(folder)): digest.of_file(file) for file in files})
    from veritrain_lib.models import chat

    if chat.is_chat_address(uri):
        return chat.identity(uri, task)
    return digest.of_json(uri)


def open_mlflow(uri: str, task: Task) -> Model:
    """Open a model that is stored in or registered with MLflow, by its address `models:/...` or `runs:/...`.

    A model that Veri-Train trained keeps the abilities that it had after training, such as confidence. A version whose
    model is stored elsewhere, such as at a provider, is opened by the address in its tag `veritrain.address`.

    Raises:
        UserError: There is no such model.
        MissingArtifact: A file of the model is missing.
        Refused: The model holds code that nobody approved (see `stored_model`).
    """
    version = find(uri.removeprefix("models:/")) if is_version(uri) else None
    address = describe(task, uri).uri if is_version(uri) else uri
    if version is not None and ADDRESS in version.tags:
        return open_by_address(address, version.tags[ADDRESS], task)
    return open_stored(address, files_of(address, version), task)


__all__ = [
    "ADDRESS", "CHALLENGER", "CHAMPION", "DIGEST", "ModelContents", "RegisteredVersion", "by_alias", "describe", "files_of",
    "find_by_digest", "identity", "listing", "missing", "model_contents", "open_mlflow", "promote", "register",
    "remote_address", "resolve_version_uri", "set_alias", "tag_version",
]  # fmt: skip
