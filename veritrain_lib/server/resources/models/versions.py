"""Lookup of model versions in MLflow's model registry by API id, with their tags and addresses."""

from __future__ import annotations

from veritrain_lib.server.http.ids import parse_model_id
from veritrain_lib.server.http.problems import NotFound
from veritrain_lib.tracking import registered_models
from veritrain_lib.tracking.models import ADDRESS
from veritrain_lib.tracking.version_listing import VersionItem, read_version

TYPE, STATUS, BASE = "veritrain.type", "veritrain.status", "veritrain.base"
CONFIG, METADATA, TASK = "veritrain.config", "veritrain.metadata", "veritrain.task"
DATASET, TRAINER = "veritrain.dataset", "veritrain.trainer"
NAME_ONLY = "entry:"
"""Prefix of the source of a model version that is only a name, so it can't be opened."""


def find_version(model_id: str) -> VersionItem | None:
    """Return the model version of an API id; None if there is none or it is a version of a prompt."""
    try:
        item = read_version(*parse_model_id(model_id))
    except NotFound:
        return None
    return None if item is None or registered_models.PROMPT_TAG in item.version.tags else item


def require_version(model_id: str) -> VersionItem:
    """Return the model version of an API id.

    Raises:
        NotFound: There is no such model.
    """
    item = find_version(model_id)
    if item is None:
        raise NotFound(f"there is no model {model_id!r}")
    return item


def address_of(item: VersionItem) -> str:
    """Return the address `models:/NAME/VERSION` of a model version.

    The model can be opened by this address even if it is elsewhere, such as at a service.
    """
    return f"models:/{item.version.name}/{item.version.version}"


def addresses_of(item: VersionItem) -> list[str]:
    """Return all addresses by which a run may name a model version.

    They are `models:/NAME/VERSION` and, if it was registered for a model elsewhere, the address of that model.
    """
    external_address = item.version.tags.get(ADDRESS)
    return [address_of(item), *([external_address] if external_address else [])]


def can_be_opened(item: VersionItem) -> bool:
    """Return whether a model version can be opened to answer rows; False if only its name was registered."""
    return ADDRESS in item.version.tags or not item.version.storage_location.startswith(NAME_ONLY)


def task_name_of(item: VersionItem) -> str:
    """Return the name of the task that a model version answers.

    It is the task with which the version was registered, otherwise the name of the registered model.
    """
    return item.version.tags.get(TASK) or item.version.name
