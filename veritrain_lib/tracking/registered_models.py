"""Changes that people make in MLflow's model registry: adding, changing and removing model versions."""

from __future__ import annotations

from collections.abc import Mapping

from veritrain_lib.core.errors import Refused, UserError
from veritrain_lib.tracking import store
from veritrain_lib.tracking.models import tag_version

PROMPT_TAG = "mlflow.prompt.is_prompt"
"""Tag by which MLflow marks prompts, since it stores them as registered models."""

PROMPT_TEXT_TAG = "mlflow.prompt.text"
"""Tag that holds a prompt version's text."""


def check_name(name: str) -> None:
    """Check that a name can be used for a registered model.

    Raises:
        UserError: The registry can't store this name.
        Refused: A prompt has this name.
    """
    if not name.strip() or name in (".", "..") or any(character in name for character in "/:"):
        raise UserError(
            f"{name!r} is not a valid model name: it must not be empty, '.' or '..', nor contain '/' or ':'"
        )
    if store.client().get_prompt(name) is not None:
        raise Refused(f"{name!r} is the name of a prompt; give the model another one")


def add(name: str, source: str, tags: Mapping[str, str], description: str = "") -> int:
    """Add the next version of a registered model to MLflow's registry; the first one also creates the registered model.

    Args:
        name: Name of the registered model.
        source: URI of the model's files.
        tags: Tags of the version.
        description: Description of the version.

    Returns:
        The version number.

    Raises:
        UserError: The registry can't store this name.
        Refused: A prompt has this name.
    """
    from mlflow.exceptions import MlflowException

    check_name(name)
    client = store.client()
    try:
        client.create_registered_model(name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    version = client.create_model_version(name, source, tags=dict(tags), description=description)
    return int(version.version)


def retag(name: str, version: int, tags: Mapping[str, str], description: str) -> None:
    """Set tags of a model version and update the time of its last change.

    Args:
        name: Name of the registered model.
        version: Version number.
        tags: The tags.
        description: Description of the version; pass the current one to keep it.
    """
    tag_version(name, version, tags)
    store.client().update_model_version(name, str(version), description)


def remove(name: str, version: int) -> None:
    """Remove a model version from MLflow's registry; its number is not used again.

    Nothing happens if the version does not exist.
    """
    from mlflow.exceptions import MlflowException

    try:
        store.client().delete_model_version(name, str(version))
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
