"""Every answer that a test gets from the API is held against the API's own description."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from starlette.testclient import TestClient

PREFIX = "/api/v1"


@cache
def operations() -> list[tuple[str, re.Pattern[str], frozenset[str]]]:
    """Method, path as a pattern, and the statuses that are documented; those with the fewest parameters first."""
    from veritrain_lib.server.rest_api import create_api

    paths = sorted(create_api().openapi()["paths"].items(), key=lambda item: item[0].count("{"))
    return [
        (
            method.upper(),
            re.compile(PREFIX + re.sub(r"\{[^}]*\}", "[^/]+", path)),
            frozenset(told["responses"]),
        )
        for path, methods in paths
        for method, told in methods.items()
    ]


def hold(client: TestClient) -> TestClient:
    """Have a client fail on an answer whose status is not documented for its operation."""

    def check(answer: Any) -> None:
        for method, path, codes in operations():
            if method == answer.request.method and path.fullmatch(answer.request.url.path):
                said = (
                    f"{method} {answer.request.url.path} answered {answer.status_code}: {answer.text[:300]}"
                )
                assert str(answer.status_code) in codes, f"not documented: {said}"
                return

    def read_and_check(answer: Any) -> None:
        answer.read()
        check(answer)

    client.event_hooks["response"].append(read_and_check)
    return client
