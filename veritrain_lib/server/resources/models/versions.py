"""Model versions in the record: their tags, their addresses, and lookup by id."""

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
"""Prefix of the source of a version that is only a name: it can't be opened."""


def find_version(model_id: str) -> VersionItem | None:
    """Return the version of an id; None if it does not exist or belongs to a prompt."""
    try:
        item = read_version(*parse_model_id(model_id))
    except NotFound:
        return None
    return None if item is None or registered_models.PROMPT_TAG in item.version.tags else item


def require_version(model_id: str) -> VersionItem:
    """Return the version of an id. Raises NotFound."""
    item = find_version(model_id)
    if item is None:
        raise NotFound(f"there is no model {model_id!r}")
    return item


def address_of(item: VersionItem) -> str:
    """Return the address that opens a version: `models:/NAME/VERSION`.

    It also works for a model that is stored elsewhere.
    """
    return f"models:/{item.version.name}/{item.version.version}"


def addresses_of(item: VersionItem) -> list[str]:
    """Return every address under which the record may have measured a version."""
    external_address = item.version.tags.get(ADDRESS)
    return [address_of(item), *([external_address] if external_address else [])]


def can_be_opened(item: VersionItem) -> bool:
    """Return whether a version is more than a name."""
    return ADDRESS in item.version.tags or not item.version.storage_location.startswith(NAME_ONLY)


def task_name_of(item: VersionItem) -> str:
    """Return the name of the task that the model answers.

    It is the task that the model was registered with, else the registered model's name.
    """
    return item.version.tags.get(TASK) or item.version.name
