"""Registration of a model by a client: checks of the request, and creation of the model version with its tags."""

from __future__ import annotations

import json
from typing import Any

from veritrain_lib.core import project, registry
from veritrain_lib.core.errors import UserError
from veritrain_lib.llm.providers import PROVIDERS
from veritrain_lib.server.auth.path_policy import is_outside_project
from veritrain_lib.server.http.current_user import Role
from veritrain_lib.server.http.ids import model_id, model_uri
from veritrain_lib.server.http.problems import NotAllowed, WrongField
from veritrain_lib.server.resources.models.schemas import ModelCreateRequest
from veritrain_lib.server.resources.models.versions import (
    BASE,
    CONFIG,
    METADATA,
    NAME_ONLY,
    STATUS,
    TASK,
    TYPE,
    find_version,
)
from veritrain_lib.tracking import models as registered
from veritrain_lib.tracking import registered_models

MAX_CONFIG_LENGTH = 20_000
"""Maximum number of characters of a model's configuration as JSON."""


def register_model(model: ModelCreateRequest, role: Role) -> str:
    """Register a client's model as the next version of the registered model of that name, and return its API id.

    Args:
        model: Request body.
        role: Role of the user; only an admin may register a model in a folder outside the project.

    Raises:
        WrongField: A field is not valid; only the first such field is reported.
        NotAllowed: The user is not an admin, and the model is in a folder outside the project.
    """
    name = model.name.strip()
    if name == "":
        raise WrongField("body.name", "a name needs at least one letter")
    try:
        registered_models.check_name(name)
    except UserError as error:
        raise WrongField("body.name", str(error)) from error
    address = _address(model.config)
    for field, path in (("config.address", address), ("base_model_id", model.base_model_id or "")):
        if role != "admin" and is_outside_project(path):
            raise NotAllowed(
                f"body.{field}",
                f"{path} is outside the project's folder {project.root()}; give an absolute path in it, or ask an admin to "
                f"register it (you are {role})",
            )
    tags = {TYPE: model.type, STATUS: model.status, "veritrain.filed": "api"}
    if model.base_model_id:
        tags[BASE] = _base_uri(model.base_model_id)
    if address:
        tags[registered.ADDRESS] = address
    task = model.config.get("task")
    if task is not None and not (isinstance(task, str) and task):
        raise WrongField("body.config.task", "the name of a task is a text")
    if task:
        tags[TASK] = task
    extra_config = {key: value for key, value in model.config.items() if key not in ("address", "task")}
    for field, tag, content in (
        ("config", CONFIG, extra_config),
        ("metadata", METADATA, model.metadata.model_dump(exclude_none=True)),
    ):
        text = json.dumps(content, ensure_ascii=False)
        if len(text) > MAX_CONFIG_LENGTH:
            raise WrongField(
                f"body.{field}", f"{field} has {len(text)} characters as JSON; at most {MAX_CONFIG_LENGTH}"
            )
        if content:
            tags[tag] = text
    version = registered_models.add(name, address or f"{NAME_ONLY}{name}", tags, model.metadata.source or "")
    return model_id(name, version)


def _address(config: dict[str, Any]) -> str:
    """Return the checked address of a model in its configuration; an empty string if there is none.

    An alias, such as `models:/support@champion`, is replaced by the version number to which it points now.

    Raises:
        WrongField: The address is not valid.
    """
    address = config.get("address")
    field = "body.config.address"
    if address is None or address == "":
        return ""
    if not isinstance(address, str) or len(address) > 1000:
        raise WrongField(
            field, "an address is a text of at most 1000 characters, such as openai:/gpt-4.1-mini"
        )
    scheme, colon, rest = address.partition(":")
    if scheme in ("models", "runs") and colon:
        if scheme == "models" and (fixed_uri := registered.resolve_version_uri(address)) is not None:
            return fixed_uri
        raise WrongField(
            field, f"there is no model {address}; write models:/NAME/VERSION or models:/NAME@ALIAS"
        )
    schemes = [name for name in registry.names("models") if name != "mlflow"]
    if not colon or not rest or scheme not in schemes:
        known_schemes = ", ".join(f"{name}:" for name in schemes)
        raise WrongField(
            field, f"{address!r} is not a model address; it must begin with models: or one of {known_schemes}"
        )
    if scheme in PROVIDERS:
        from veritrain_lib.models.chat_settings import ChatSettings

        try:
            ChatSettings.read(address)
        except UserError as error:
            raise WrongField(field, str(error)) from error
    return address


def _base_uri(base: str) -> str:
    """Return the URI of a base model that is named by its API id or by a URI.

    Raises:
        WrongField: There is no model of this id.
    """
    if ":" in base:
        return base
    item = find_version(base)
    if item is None:
        raise WrongField("body.base_model_id", f"there is no model {base!r}")
    return model_uri(base)
