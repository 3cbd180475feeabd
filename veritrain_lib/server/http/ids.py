"""Ids of resources.

A model's is the name of the registered model and the number of the version, such as `support-3`; all others are ids of
MLflow's runs.
"""

from __future__ import annotations

import re

from veritrain_lib.server.http.problems import NotFound

RUN_ID = re.compile(r"[0-9a-f]{32}")

MODEL_ID = re.compile(r"(?P<name>[^\x00]{1,256})-(?P<version>[1-9][0-9]{0,8})", re.ASCII)


def model_id(name: str, version: int) -> str:
    """Return the id `NAME-VERSION`."""
    return f"{name}-{version}"


def parse_model_id(model_id: str) -> tuple[str, int]:
    """Return name and version number of an id. Raises NotFound for a text that is no id."""
    match = MODEL_ID.fullmatch(model_id)
    if match is None:
        raise NotFound(f"there is no model {model_id!r}; an id looks like support-3")
    return match["name"], int(match["version"])


def model_uri(model_id: str) -> str:
    """Return the URI `models:/NAME/VERSION` of an id. Raises NotFound for a text that is no id."""
    name, version = parse_model_id(model_id)
    return f"models:/{name}/{version}"


def id_of_uri(uri: str) -> str:
    """Return the id of the model at `models:/NAME/VERSION`; any other address is returned as it is."""
    name, slash, version = uri.removeprefix("models:/").rpartition("/")
    if uri.startswith("models:/") and slash and version.isdecimal():
        return model_id(name, int(version))
    return uri
