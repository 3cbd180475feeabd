"""Functions that read a request's body before the application does, and find the role that a GraphQL request needs.

MLflow's GraphQL reads and writes on one path, so only the body shows which role a request needs.
"""

from __future__ import annotations

import json
from typing import Any

from starlette.types import Message, Receive

from veritrain_lib.server.http.current_user import Role

MAX_GRAPHQL_TOKENS = 5000
"""Maximum number of tokens of a GraphQL query that is parsed; a longer query counts as writing."""


async def read_full_body(receive: Receive) -> tuple[bytes, Receive]:
    """Read the whole body of a request.

    Returns:
        The body, and a `receive` function that gives the same body to the application.
    """
    parts, message = [], await receive()
    while message["type"] == "http.request":
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            break
        message = await receive()
    body = b"".join(parts)
    replayed = False

    async def replay() -> Message:
        nonlocal replayed
        if replayed or message["type"] != "http.request":
            return await receive() if replayed else message
        replayed = True
        return {"type": "http.request", "body": body, "more_body": False}

    return body, replay


def role_for_graphql(body: bytes) -> Role:
    """Return the minimum role for a GraphQL request to MLflow: viewer if it only reads, otherwise editor.

    A body that can't be parsed needs editor, too.
    """
    try:
        document: Any = json.loads(body)
    except (ValueError, RecursionError):
        document = None
    return "viewer" if isinstance(document, dict) and _is_read_only(document.get("query")) else "editor"


def _is_read_only(query: Any) -> bool:
    """Return whether a GraphQL document consists of queries only, without mutations; False if it can't be parsed."""
    from graphql import GraphQLError, OperationDefinitionNode, OperationType, parse

    if not isinstance(query, str):
        return False
    try:
        document = parse(query, max_tokens=MAX_GRAPHQL_TOKENS)
    except (GraphQLError, RecursionError):
        return False
    return all(
        definition.operation is OperationType.QUERY
        for definition in document.definitions
        if isinstance(definition, OperationDefinitionNode)
    )
