"""Versions of registered models as people file them: one that lives elsewhere, its description changed, one taken out."""

from __future__ import annotations

from collections.abc import Mapping

from veritrain_lib.core.errors import Refused, UserError
from veritrain_lib.tracking import store
from veritrain_lib.tracking.models import tag_version

PROMPT = "mlflow.prompt.is_prompt"
"""MLflow keeps prompts as registered models with this tag."""

TEXT = "mlflow.prompt.text"
"""The tag that holds a prompt version's text."""


def check_name(name: str) -> None:
    """Raise UserError for a name that the registry can't keep, Refused for one that a prompt has."""
    from mlflow.exceptions import MlflowException
    from mlflow.utils.validation import _validate_model_name

    try:
        _validate_model_name(name)
    except MlflowException as error:
        raise UserError(f"{name!r} is no name for a model: {error.message}") from error
    if store.client().get_prompt(name) is not None:
        raise Refused(f"{name!r} is the name of a prompt; give the model another one")


def add(name: str, source: str, tags: Mapping[str, str], description: str = "") -> int:
    """File the next version of a registered model, which is made when it is new. Gives the version's number.

    Raises as `check_name`.
    """
    from mlflow.exceptions import MlflowException

    check_name(name)
    talk = store.client()
    try:
        talk.create_registered_model(name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    made = talk.create_model_version(name, source, tags=dict(tags), description=description)
    return int(made.version)


def retag(name: str, version: int, tags: Mapping[str, str], description: str) -> None:
    """Set tags of a version and note that it was changed now; `description` is the one that it has."""
    tag_version(name, version, tags)
    store.client().update_model_version(name, str(version), description)


def remove(name: str, version: int) -> None:
    """Take a version out of the registry; its number is not given again. One that is gone already is fine."""
    from mlflow.exceptions import MlflowException

    try:
        store.client().delete_model_version(name, str(version))
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
