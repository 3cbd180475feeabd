"""Registered models: versions, aliases, promotion, and opening a model from MLflow's registry."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from veritrain_lib.core import claims, digest
from veritrain_lib.core.errors import UserError
from veritrain_lib.tracking import manifest, missing_artifacts, served_model, sqlite_reader, store
from veritrain_lib.tracking.artifacts import local_folder
from veritrain_lib.tracking.entities import Version
from veritrain_lib.tracking.stored_model import code_at_address, code_in_folder, open_by_address, open_stored
from veritrain_lib.trainers.own_trainer import FittedSklearn
from veritrain_lib.trust import approvals
from veritrain_lib.trust.content_digest import digest_of

if TYPE_CHECKING:
    import pandas as pd
    from mlflow.entities.model_registry import ModelVersion

    from veritrain_lib.core.task import Task
    from veritrain_lib.models.base import Model
    from veritrain_lib.trainers.base import Fitted

DIGEST = "veritrain.model.digest"
ADDRESS = "veritrain.address"
"""Tag of a version that is stored elsewhere, such as a provider's model: the address by which it is opened."""

CHAMPION, CHALLENGER = "champion", "challenger"


@dataclass(frozen=True)
class RegisteredVersion:
    """A version in the model registry.

    Attributes:
        name: Name of the registered model.
        version: Version number, from 1.
        digest: Digest of what made the model; may be empty.
        dataset: Reference of the dataset that it was trained on.
        run_id: The run that made it.
        id: MLflow's model id.
    """

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
    base: str = "",
    remote: bool = False,
    facts: Mapping[str, str] | None = None,
) -> RegisteredVersion:
    """Store a trained model as the next version of the task's registered model, with the alias `challenger`.

    A model with the same digest is stored once, also when two processes register it at once: its existing version is
    returned, missing files are restored, and the alias moves to it. The task's first model also becomes its champion.

    Args:
        task: The task.
        run_id: The training run.
        fitted: The trained model.
        model_digest: Digest of what made the model.
        dataset: Reference of the training dataset.
        example: Rows whose inputs become the input example.
        measures: Metrics on the development rows.
        base: Address of the model that an adapter belongs to; empty for a complete model.
        remote: Whether the model lives at a provider; then only its card is stored.
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
    from mlflow.exceptions import MlflowException

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
        try:
            client.create_registered_model(
                task.name, tags={"veritrain.task": task.name}, description=task.description
            )
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
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
    return _registered(_version(version))


def _write(
    folder: Path, task: Task, fitted: Fitted, example: pd.DataFrame, model_id: str, remote: bool
) -> None:
    """Write a model's files and their manifest."""
    if remote:
        served_model.write_remote(folder, task, fitted, model_id)
    else:
        served_model.write(folder, task, fitted, example, model_id)
    manifest.write(folder, ".")
    _approve_own_estimator(folder, task, fitted)


def _approve_own_estimator(folder: Path, task: Task, fitted: Fitted) -> None:
    """Approve the files of an estimator that this process has just fitted, where they name more than plain classes.

    Trees and the like are refused of anybody else. Here the file beside the task that made it passed the door, and the
    digest covers exactly what was written: whatever is put in its place is refused again.
    """
    if isinstance(fitted, FittedSklearn) and (reason := code_in_folder(folder)):
        note = f"trained here by {task.trainer.file} of task {task.name}; {reason}"
        approvals.approve(digest_of(folder), note, by="train stage")


def _restore(
    task: Task, version: RegisteredVersion, fitted: Fitted, example: pd.DataFrame, remote: bool
) -> None:
    """Store a model's files again where its version expects them; the same inputs give the same files."""
    client = store.client()
    # The version does not have the model id; it was created from `models:/ID`.
    model_id = str(client.get_model_version(version.name, str(version.version)).source).removeprefix(
        "models:/"
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model"
        _write(path, task, fitted, example, model_id, remote)
        client.log_model_artifacts(model_id, str(path))


def missing(task: Task, version: RegisteredVersion) -> list[str]:
    """Return the names of a version's files that are missing or changed.

    Empty when they are not on this machine.
    """
    stored = _find(f"{version.name}/{version.version}")
    if stored is None:
        return [version.uri]
    folder = local_folder(stored.storage_location) if stored.storage_location else None
    return manifest.missing(folder) if folder is not None else []


def promote(task: Task, beaten_identity: str, uri: str) -> str:
    """Promote a model that was proven better than the model with identity `beaten_identity`.

    Models are compared by identity, whatever version they have.

    Returns:
        "" when the alias now points at the model, else the reason why it does not: another model is the champion,
        against which nothing was proven.
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


def find_by_digest(task: Task, model_digest: str) -> RegisteredVersion | None:
    """Return the version with this model digest, or None."""
    matches = [entry for entry in listing(task) if entry.digest == model_digest]
    return matches[0] if matches else None


def listing(task: Task) -> list[RegisteredVersion]:
    """Return every version of the task's registered model, oldest first."""
    try:
        with sqlite_reader.open_reader(store.uri()) as reader:
            versions = reader.versions(task.name)
    except sqlite_reader.UnsupportedRead:
        page = store.client().search_model_versions(f"name = '{task.name}'", max_results=10_000)
        versions = sorted((_version(version) for version in page), key=lambda version: version.version)
    return [_registered(version) for version in versions if DIGEST in version.tags]


def _version(version: ModelVersion) -> Version:
    tags = dict(version.tags or {})
    return Version(version.name, int(version.version), version.run_id or "", tags, version.model_id or "")


def _registered(version: Version) -> RegisteredVersion:
    tags = version.tags
    return RegisteredVersion(
        version.name,
        version.version,
        tags.get(DIGEST, ""),
        tags.get("veritrain.dataset", ""),
        version.run_id,
        version.model_id,
    )


def set_alias(task: Task, version: int, alias: str) -> None:
    """Point an alias (`champion`, `challenger`) at a version."""
    store.client().set_registered_model_alias(task.name, alias, str(version))


def by_alias(task: Task, alias: str) -> RegisteredVersion | None:
    """Return the version that an alias points at, or None."""
    version = _find(f"{task.name}@{alias}")
    return _registered(version) if version else None


def describe(task: Task | None, uri: str) -> RegisteredVersion:
    """Return the registry's entry for `models:/NAME/VERSION` or `models:/NAME@ALIAS`.

    Raises:
        UserError: There is no such version; the message lists the existing ones.
    """
    version = _find(uri.removeprefix("models:/"))
    if version is None:
        versions = listing(task) if task else []
        available = ", ".join(entry.uri for entry in versions) or "none yet; run: veritrain loop"
        raise UserError(f"there is no model {uri}; there are: {available}")
    return _registered(version)


def _find(address: str) -> Version | None:
    """Return the version at `NAME/VERSION` or `NAME@ALIAS`, or None."""
    name, _, alias = address.partition("@")
    number = ""
    if not alias:
        name, _, number = address.rpartition("/")
    try:
        if alias.lower() == "latest" or not (alias or number.isdecimal()):
            raise sqlite_reader.UnsupportedRead(address)  # MLflow decides what it means
        with sqlite_reader.open_reader(store.uri()) as reader:
            return reader.alias(name, alias) if alias else reader.version(name, number)
    except sqlite_reader.UnsupportedRead:
        return _find_in_mlflow(name, number, alias)


def _find_in_mlflow(name: str, number: str, alias: str) -> Version | None:
    client = store.client()
    from mlflow.exceptions import MlflowException

    try:
        return _version(
            client.get_model_version_by_alias(name, alias)
            if alias
            else client.get_model_version(name, number)
        )
    except MlflowException as error:
        if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            return None
        raise


def tag_version(name: str, version: int, tags: Mapping[str, str]) -> None:
    """Set tags of a version, for example its probe result. `name` is the registered model's name."""
    client = store.client()
    for key, value in tags.items():
        client.set_model_version_tag(name, str(version), key, value)


def identity(task: Task, uri: str) -> str:
    """Return the digest that identifies a model whatever its name.

    Of what made it, or else of its address.
    """
    if uri.startswith("models:/"):
        registered = describe(task, uri)
        if registered.digest:
            return registered.digest
        version = _find(f"{registered.name}/{registered.version}")
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
    """Open `models:/...` or `runs:/...` (the opener of extension `mlflow`).

    A model that Veri-Train trained keeps the abilities that it had after training; one that was registered by an
    address (`ADDRESS`) is opened by that address.

    Raises:
        UserError: There is no such model.
        MissingArtifact: A file of the model is missing.
        Refused: The model holds code that nobody approved (see `stored_model`).
    """
    version = _find(uri.removeprefix("models:/")) if _is_version(uri) else None
    address = describe(task, uri).uri if _is_version(uri) else uri
    if version is not None and ADDRESS in version.tags:
        return open_by_address(address, version.tags[ADDRESS], task)
    return open_stored(address, files_of(address, version), task)


def files_of(address: str, version: Version | None = None) -> Path:
    """Return the folder of a model's files: the stored folder on this machine, else a downloaded copy.

    Args:
        address: `models:/...` or `runs:/...`.
        version: The version that the address means, when it is known.

    Raises:
        UserError: There is no such model.
        MissingArtifact: A file of the model is missing or was changed.
    """
    folder = local_folder(version.storage_location) if version and version.storage_location else None
    if version is not None and folder is not None and DIGEST in version.tags:
        lost = manifest.missing(folder)
        if lost:
            raise missing_artifacts.of_model(
                address, version.tags.get("veritrain.task", version.name), lost[0]
            )
    if folder is None and version is not None:
        # MLflow's client does not tell the location with the version.
        location = store.client().get_model_version_download_uri(version.name, str(version.version))
        folder = local_folder(location)
    return folder if folder is not None and folder.is_dir() else _download(address)


@dataclass(frozen=True)
class ModelContents:
    """Contents of a stored model.

    Attributes:
        address: Address of the model.
        code: Why it counts as code; empty when it holds none.
        folder: Folder of the files, or the address of a model stored elsewhere.
        files: Names of the files.
        digest: Digest of the contents.
    """

    address: str
    code: str
    folder: str
    files: list[str]
    digest: str


def model_contents(address: str) -> ModelContents:
    """List the contents of the model at `models:/...` or `runs:/...` without opening it.

    Raises:
        UserError: There is no such model.
    """
    if not address.startswith(("models:/", "runs:/")):
        raise UserError(
            f"{address!r} names no model of the MLflow store; write models:/NAME/VERSION or runs:/RUN/PATH"
        )
    version = _find(address.removeprefix("models:/")) if _is_version(address) else None
    version_uri = describe(None, address).uri if _is_version(address) else address
    if version is not None and ADDRESS in version.tags:
        code, remote_digest = code_at_address(version.tags[ADDRESS])
        return ModelContents(address, code, version.tags[ADDRESS], [], remote_digest)
    folder = files_of(version_uri, version)
    files = sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file())
    return ModelContents(address, code_in_folder(folder), str(folder), files, digest_of(folder))


def remote_address(uri: str) -> str:
    """Return the address of a version that lives at a service.

    Empty for a version that is stored here, or for none.
    """
    version = _find(uri.removeprefix("models:/")) if _is_version(uri) else None
    if version is None:
        return ""
    if ADDRESS in version.tags:
        return version.tags[ADDRESS]
    folder = local_folder(version.storage_location) if version.storage_location else None
    card = folder / "remote" / "model.json" if folder else None
    try:
        return str(json.loads(card.read_text(encoding="utf-8"))["address"]) if card and card.is_file() else ""
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def resolve_version_uri(uri: str) -> str | None:
    """Resolve `models:/NAME/VERSION` or `models:/NAME@ALIAS` to `models:/NAME/VERSION`.

    None when there is no such version.
    """
    version = _find(uri.removeprefix("models:/")) if _is_version(uri) else None
    return f"models:/{version.name}/{version.version}" if version else None


def _is_version(uri: str) -> bool:
    """Return whether an address names a version of a registered model.

    `models:/m-...` names a model of a run.
    """
    return uri.startswith("models:/") and uri.count("/") + uri.count("@") > 1


def _download(address: str) -> Path:
    store.client()
    import mlflow
    from mlflow.exceptions import MlflowException

    try:
        return Path(mlflow.artifacts.download_artifacts(artifact_uri=address))
    except MlflowException as error:
        raise UserError(f"the model {address} can't be opened: {str(error).splitlines()[0]}") from error
