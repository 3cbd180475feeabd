"""The body of a request, read before it is handed on; and what a question by GraphQL, which asks and changes on one path, wants."""

from __future__ import annotations

import json
from typing import Any

from starlette.types import Message, Receive

from veritrain_lib.server.auth.roles import Role

MOST_GRAPHQL_TOKENS = 5000


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


def needed_for_graphql(body: bytes) -> Role:
    """The least role that may send this question; the stricter one for what can't be read."""
    try:
        said: Any = json.loads(body)
    except (ValueError, RecursionError):
        said = None
    return "viewer" if isinstance(said, dict) and _only_asks(said.get("query")) else "editor"


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
