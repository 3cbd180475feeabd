"""Files of registered models: where they are, what they contain, and which of them are missing.

Open this to change how a model's folder is found: only `stored_folder` knows it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from veritrain_lib.core.errors import UserError
from veritrain_lib.tracking import manifest, missing_artifacts, store
from veritrain_lib.tracking.artifacts import local_folder
from veritrain_lib.tracking.model_versions import (
    ADDRESS,
    DIGEST,
    RegisteredVersion,
    describe,
    find,
    is_version,
)
from veritrain_lib.tracking.stored_model import code_at_address, code_in_folder
from veritrain_lib.trust.content_digest import digest_of

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task
    from veritrain_lib.tracking.entities import Version


def stored_folder(version: Version) -> Path | None:
    """Return the folder of a model version's files; None when they are on another machine or at a provider."""
    # MLflow's client does not tell the location with the version; our reader of its database does.
    location = version.storage_location or store.client().get_model_version_download_uri(
        version.name, str(version.version)
    )
    return local_folder(location)


def missing(task: Task, version: RegisteredVersion) -> list[str]:
    """Return the names of a model version's files that are missing or were changed.

    The list is empty when the files are not on this machine. If MLflow has no such version any more, the list holds
    only the version's URI.
    """
    stored = find(f"{version.name}/{version.version}")
    if stored is None:
        return [version.uri]
    folder = stored_folder(stored)
    return manifest.missing(folder) if folder is not None else []


def files_of(address: str, version: Version | None = None) -> Path:
    """Return the folder of a model's files: the stored one if it is on this machine, else a downloaded copy.

    Args:
        address: `models:/...` or `runs:/...`.
        version: The model version at that address, if the caller has it: its files are checked, and are not copied if
            they are on this machine. None: the files are downloaded, unchecked.

    Raises:
        UserError: There is no such model.
        MissingArtifact: A file of the model is missing or was changed.
    """
    folder = stored_folder(version) if version is not None else None
    if version is not None and folder is not None and DIGEST in version.tags:
        lost = manifest.missing(folder)
        if lost:
            raise missing_artifacts.missing_model(
                address, version.tags.get("veritrain.task", version.name), lost[0]
            )
    return folder if folder is not None and folder.is_dir() else _download(address)


@dataclass(frozen=True)
class ModelContents:
    """Files and code of a stored model, shown to a person who decides whether the model's code may run.

    Attributes:
        address: Address of the model.
        code: Reason why the model may run code and so needs an approval; empty when it needs none.
        folder: Folder of the files, or the address of a model that is stored elsewhere.
        files: Names of the files.
        digest: Digest of the contents, which an approval refers to.
    """

    address: str
    code: str
    folder: str
    files: list[str]
    digest: str


def model_contents(address: str) -> ModelContents:
    """Return a list of what the stored model at `models:/...` or `runs:/...` contains, without opening the model.

    Raises:
        UserError: There is no such model, or the address has another form.
        MissingArtifact: A file of the model is missing or was changed.
    """
    if not address.startswith(("models:/", "runs:/")):
        raise UserError(
            f"{address!r} names no model of the MLflow store; write models:/NAME/VERSION or runs:/RUN/PATH"
        )
    version = find(address.removeprefix("models:/")) if is_version(address) else None
    version_uri = describe(None, address).uri if is_version(address) else address
    if version is not None and ADDRESS in version.tags:
        code, remote_digest = code_at_address(version.tags[ADDRESS])
        return ModelContents(address, code, version.tags[ADDRESS], [], remote_digest)
    folder = files_of(version_uri, version)
    files = sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file())
    return ModelContents(address, code_in_folder(folder), str(folder), files, digest_of(folder))


def remote_address(uri: str) -> str:
    """Return the address of a registered model version whose weights are not stored here but at a provider.

    Args:
        uri: `models:/NAME/VERSION` or `models:/NAME@ALIAS`.

    Returns:
        The provider's address; empty for a version that is stored here and for an unknown one.
    """
    version = find(uri.removeprefix("models:/")) if is_version(uri) else None
    if version is None:
        return ""
    if ADDRESS in version.tags:
        return version.tags[ADDRESS]
    folder = stored_folder(version)
    card = folder / "remote" / "model.json" if folder else None
    try:
        return str(json.loads(card.read_text(encoding="utf-8"))["address"]) if card and card.is_file() else ""
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _download(address: str) -> Path:
    store.client()
    import mlflow
    from mlflow.exceptions import MlflowException

    try:
        return Path(mlflow.artifacts.download_artifacts(artifact_uri=address))
    except MlflowException as error:
        raise UserError(f"the model {address} can't be opened: {str(error).splitlines()[0]}") from error
