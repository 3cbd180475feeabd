"""A model's id: the name of the registered model and the number of the version, such as `support-3`."""

from __future__ import annotations

import re

from veritrain_lib.server.api.problems import NotFound

FORM = re.compile(r"(?P<name>[^\x00]{1,256})-(?P<version>[1-9][0-9]{0,8})", re.ASCII)


def model_id(name: str, version: int) -> str:
    """`NAME-VERSION`."""
    return f"{name}-{version}"


def parse_model_id(given: str) -> tuple[str, int]:
    """Name and version number of an id. Raises NotFound for what is no id."""
    found = FORM.fullmatch(given)
    if found is None:
        raise NotFound(f"there is no model {given!r}; an id looks like support-3")
    return found["name"], int(found["version"])


def model_uri(given: str) -> str:
    """The address of the model of an id, `models:/NAME/VERSION`. Raises NotFound for what is no id."""
    name, version = parse_model_id(given)
    return f"models:/{name}/{version}"


def id_of_uri(uri: str) -> str:
    """The id of the model at `models:/NAME/VERSION`; any other address is its own id."""
    name, slash, version = uri.removeprefix("models:/").rpartition("/")
    if uri.startswith("models:/") and slash and version.isdecimal():
        return model_id(name, int(version))
    return uri
