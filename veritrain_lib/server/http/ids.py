"""Ids of models in the REST API (`NAME-VERSION`), and their conversion from and to MLflow's model URIs.

An id consists of the registered model's name and the version's number, such as `support-3`. All other resources use the
ids of MLflow runs.
"""

from __future__ import annotations

import re

from veritrain_lib.server.http.problems import NotFound

RUN_ID = re.compile(r"[0-9a-f]{32}")
"""Regular expression for the id of an MLflow run."""

MODEL_ID = re.compile(r"(?P<name>[^\x00]{1,256})-(?P<version>[1-9][0-9]{0,8})", re.ASCII)
"""Regular expression for the id of a model version."""


def model_id(name: str, version: int) -> str:
    """Return the id of a model version in the REST API, such as `support-3`."""
    return f"{name}-{version}"


def parse_model_id(model_id: str) -> tuple[str, int]:
    """Return the registered model's name and the version number in a model id such as `support-3`.

    Raises:
        NotFound: The text is not a model id.
    """
    match = MODEL_ID.fullmatch(model_id)
    if match is None:
        raise NotFound(f"there is no model {model_id!r}; an id looks like support-3")
    return match["name"], int(match["version"])


def model_uri(model_id: str) -> str:
    """Return the MLflow URI `models:/NAME/VERSION` of a model id such as `support-3`.

    Raises:
        NotFound: The text is not a model id.
    """
    name, version = parse_model_id(model_id)
    return f"models:/{name}/{version}"


def id_of_uri(uri: str) -> str:
    """Return the model id for an MLflow URI `models:/NAME/VERSION`; any other URI is returned as it is."""
    name, slash, version = uri.removeprefix("models:/").rpartition("/")
    if uri.startswith("models:/") and slash and version.isdecimal():
        return model_id(name, int(version))
    return uri
