"""Requests to MLflow that show only in their body what they want.

GraphQL asks and changes on one path; an experiment may be given a place for its artifacts, which MLflow's server
then reads and writes with its own rights; and a model's version may be given the address by which we open it.
"""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import urlsplit

from starlette.types import Message, Receive, Scope

from veritrain_lib.server.security.places import is_foreign
from veritrain_lib.server.security.roles import Role
from veritrain_lib.tracking.models import ADDRESS

MOST_GRAPHQL_TOKENS = 5000

LOCATED = re.compile(r"/(ajax-)?api/\d\.\d/mlflow/experiments/create")

ADDRESSED = re.compile(r"/(ajax-)?api/\d\.\d/mlflow/model-versions/(create|set-tag)")

SERVERS_OWN = "mlflow-artifacts"
"""The scheme of artifact locations that leaves it to the server where artifacts lie."""


def tells_in_its_body(scope: Scope) -> bool:
    """Whether the body must be looked at to know the role that a request needs."""
    path = scope["path"]
    return path == "/graphql" or (
        scope["method"] == "POST" and any(one.fullmatch(path) for one in (LOCATED, ADDRESSED))
    )


async def whole(receive: Receive) -> tuple[bytes, Receive]:
    """A body, and what gives it to the application once more."""
    parts, message = [], await receive()
    while message["type"] == "http.request":
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            break
        message = await receive()
    body = b"".join(parts)
    given = False

    async def again() -> Message:
        nonlocal given
        if given or message["type"] != "http.request":
            return await receive() if given else message
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return body, again


def needed_for(scope: Scope, body: bytes) -> Role:
    """The least role that may send this body; the stricter one for what can't be read."""
    try:
        said: Any = json.loads(body)
    except (ValueError, RecursionError):
        said = None
    if scope["path"] == "/graphql":
        return "viewer" if isinstance(said, dict) and _only_asks(said.get("query")) else "editor"
    if ADDRESSED.fullmatch(scope["path"]):
        return "editor" if _addresses_nothing_foreign(said) else "admin"
    place = said.get("artifact_location") if isinstance(said, dict) else said
    return "editor" if place is None or (isinstance(place, str) and _is_the_servers(place)) else "admin"


def _only_asks(query: Any) -> bool:
    from graphql import GraphQLError, OperationDefinitionNode, OperationType, parse

    if not isinstance(query, str):
        return False
    try:
        document = parse(query, max_tokens=MOST_GRAPHQL_TOKENS)
    except (GraphQLError, RecursionError):
        return False
    return all(
        one.operation is OperationType.QUERY
        for one in document.definitions
        if isinstance(one, OperationDefinitionNode)
    )


def _addresses_nothing_foreign(said: Any) -> bool:
    """Whether the tags that are set give no version an address outside the project."""
    if not isinstance(said, dict):
        return False
    tags = said.get("tags") or []
    return isinstance(tags, list) and all(
        isinstance(tag, dict) and not (tag.get("key") == ADDRESS and is_foreign(str(tag.get("value"))))
        for tag in (*tags, said)
    )


def _is_the_servers(place: str) -> bool:
    try:
        parsed = urlsplit(place)
    except ValueError:
        return False
    # Without a scheme it is a path of the server's machine.
    return place == "" or (parsed.scheme == SERVERS_OWN and not parsed.netloc)
