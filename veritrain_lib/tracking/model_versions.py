"""Model versions in MLflow's registry: finding one by name, number or alias, and listing those of a task.

Open this for what the registry stores about a model; `model_files.py` finds its files.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from veritrain_lib.core.errors import UserError
from veritrain_lib.tracking import sqlite_reader, store
from veritrain_lib.tracking.entities import Version

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion

    from veritrain_lib.core.task import Task

DIGEST = "veritrain.model.digest"
"""Tag of a model version: the digest of what made the model. Only versions that Veri-Train registered have it."""
ADDRESS = "veritrain.address"
"""Tag of a model version that is stored elsewhere, such as at a provider: the address by which the model is opened."""

CHAMPION, CHALLENGER = "champion", "challenger"
"""Aliases in MLflow's registry of a task's best model so far and of the model that tries to replace it."""


@dataclass(frozen=True)
class RegisteredVersion:
    """Version of a task's model in MLflow's registry.

    Attributes:
        name: Name of the registered model.
        version: Version number, from 1.
        digest: Digest of what made the model; may be empty.
        dataset: Reference (`NAME@VERSION`) of the dataset that the model was trained on; may be empty.
        run_id: Id of the run that made the version.
        id: MLflow's id of the logged model.
    """

    name: str
    version: int
    digest: str
    dataset: str
    run_id: str
    id: str

    @property
    def uri(self) -> str:
        """The model version's address: `models:/NAME/VERSION`."""
        return f"models:/{self.name}/{self.version}"


def listing(task: Task) -> list[RegisteredVersion]:
    """Return every version of a task's registered model that Veri-Train registered, oldest first."""
    try:
        with sqlite_reader.open_reader(store.uri()) as reader:
            versions = reader.versions(task.name)
    except sqlite_reader.UnsupportedRead:
        page = store.client().search_model_versions(f"name = '{task.name}'", max_results=10_000)
        versions = sorted((version_of(version) for version in page), key=lambda version: version.version)
    return [registered(version) for version in versions if DIGEST in version.tags]


def find_by_digest(task: Task, model_digest: str) -> RegisteredVersion | None:
    """Return the oldest version of a task's model with this digest; None without one."""
    matches = [entry for entry in listing(task) if entry.digest == model_digest]
    return matches[0] if matches else None


def by_alias(task: Task, alias: str) -> RegisteredVersion | None:
    """Return the version of a task's model that an alias, such as `champion`, points at; None without one."""
    version = find(f"{task.name}@{alias}")
    return registered(version) if version else None


def describe(task: Task | None, uri: str) -> RegisteredVersion:
    """Return the registered model version at `models:/NAME/VERSION` or `models:/NAME@ALIAS`.

    Args:
        task: Task whose versions the error message lists; None to list none.
        uri: Address of the version.

    Raises:
        UserError: There is no such version.
    """
    version = find(uri.removeprefix("models:/"))
    if version is None:
        versions = listing(task) if task else []
        available = ", ".join(entry.uri for entry in versions) or "none yet; run: veritrain loop"
        raise UserError(f"there is no model {uri}; there are: {available}")
    return registered(version)


def encoder_of(uri: str) -> str:
    """Return name and digest, as one text, of the sentence encoder that a registered model needs; empty for none."""
    version = find(uri.removeprefix("models:/")) if uri.startswith("models:/") else None
    tags = version.tags if version else {}
    name = tags.get("veritrain.encoder", "")
    return f"{name} {tags.get('veritrain.encoder_digest', '')}" if name else ""


def find(address: str) -> Version | None:
    """Return the model version at `NAME/VERSION` or `NAME@ALIAS` from MLflow's registry; None without one."""
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
        return version_of(
            client.get_model_version_by_alias(name, alias)
            if alias
            else client.get_model_version(name, number)
        )
    except MlflowException as error:
        if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            return None
        raise


def resolve_version_uri(uri: str) -> str | None:
    """Return the address `models:/NAME/VERSION` of a model version that may be named by an alias.

    Args:
        uri: `models:/NAME/VERSION` or `models:/NAME@ALIAS`.

    Returns:
        The address; None if there is no such version.
    """
    version = find(uri.removeprefix("models:/")) if is_version(uri) else None
    return f"models:/{version.name}/{version.version}" if version else None


def is_version(uri: str) -> bool:
    """Return whether a model address names a version of a registered model.

    `models:/m-...` does not: it names a model by MLflow's id of a logged model.
    """
    return uri.startswith("models:/") and uri.count("/") + uri.count("@") > 1


def version_of(version: ModelVersion) -> Version:
    """Convert MLflow's model version object to our `Version`."""
    tags = dict(version.tags or {})
    return Version(version.name, int(version.version), version.run_id or "", tags, version.model_id or "")


def registered(version: Version) -> RegisteredVersion:
    """Convert a model version of MLflow, with the tags that Veri-Train gave it, to a `RegisteredVersion`."""
    tags = version.tags
    return RegisteredVersion(
        version.name,
        version.version,
        tags.get(DIGEST, ""),
        tags.get("veritrain.dataset", ""),
        version.run_id,
        version.model_id,
    )
