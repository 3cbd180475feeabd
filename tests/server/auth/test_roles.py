"""Every route of MLflow's and of ours: none without a login, and no writing for viewers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.routing import iter_route_contexts
from starlette.routing import Mount
from starlette.testclient import TestClient, WebSocketDenialResponse

from tests.server.auth.conftest import Guarded
from veritrain_lib.server.auth.roles import PUBLIC_ENDPOINTS
from veritrain_lib.tracking.mlflow_routes import AccessTable, access, as_pattern, routes

READS = {"GET", "HEAD", "OPTIONS"}

# What a viewer may ask of MLflow by another method than GET. A newer MLflow's new ones are to be looked at by a person.
ASKING = {
    "/graphql",
    *(
        f"/{kind}/{path}"
        for kind in ("api", "ajax-api")
        for path in (
            "2.0/mlflow/experiments/search", "2.0/mlflow/runs/search", "2.0/mlflow/logged-models/search",
            "2.0mlflow/experiments/search-datasets", "2.0/mlflow/registered-models/get-latest-versions",
            "2.0/mlflow/artifacts/presigned-download-url", "3.0/mlflow/traces/search",
            "3.0/mlflow/traces/batchGetInfos", "3.0/mlflow/traces/calculate-filter-correlation",
            "3.0/mlflow/traces/metrics", "3.0/mlflow/issues/search", "3.0/mlflow/datasets/search",
        )
    ),
    "/ajax-api/2.0/mlflow/experiments/search-datasets", "/ajax-api/3.0/mlflow/ui-telemetry",
}  # fmt: skip

# What runs or calls something from the server.
RUNS_THINGS = re.compile(
    r"/gateway/.*|.*/mlflow/(gateway|gateway-proxy|assistant|webhooks|prompt-optimization|demo|genai|scorer|jobs)(/.*)?|"
    r".*/3\.0/jobs(/.*)?|.*/(issues/invoke|create-promptlab-run)"
)


def _mlflow(guarded: Guarded) -> list[tuple[str, str]]:
    (theirs,) = [one.app for one in _outer(guarded).routes if isinstance(one, Mount) and one.path == ""]
    found = sorted(set(routes(theirs)))
    assert len(found) > 300
    return found


def _outer(guarded: Guarded) -> TestClient:
    app = guarded.app
    while not hasattr(app, "routes"):
        app = app._app
    return app  # type: ignore[no-any-return]


def _ours(guarded: Guarded) -> Iterator[tuple[str, str]]:
    """Method and template of our routes; a WebSocket's method is WEBSOCKET."""
    for route in _outer(guarded).routes[:-1]:
        if isinstance(route, Mount) and hasattr(route.app, "openapi"):
            inner = list(iter_route_contexts(route.app.routes))
            prefix = route.path
        elif isinstance(route, Mount):
            yield from ((method, f"{route.path}/x") for method in ("GET", "POST", "WEBSOCKET"))
            continue
        else:
            inner, prefix = list(iter_route_contexts([route])), ""
        for one in inner:
            for method in sorted(getattr(one, "methods", None) or ("WEBSOCKET",)):
                yield method, prefix + str(one.path)


def _path(template: str) -> str:
    return re.sub(r"<[^>]*>|\{[^}]*\}", "1", template)


def _status(client: TestClient, method: str, path: str) -> int:
    if method != "WEBSOCKET":
        return client.request(method, path, json=None if method in READS else {}).status_code
    try:
        with client.websocket_connect(f"ws://127.0.0.1:8000{path}", headers=dict(client.headers)):
            return 101
    except WebSocketDenialResponse as refused:
        return refused.status_code
    except Exception as error:  # noqa: BLE001  # closed by the application, past the gatekeeper
        return 101 if "Disconnect" in type(error).__name__ else 0


def test_no_route_answers_without_a_login(guarded: Guarded) -> None:
    client = guarded.client()
    asked = [*_mlflow(guarded), *_ours(guarded)]
    assert ("POST", "/api/v1/auth/users") in asked
    answered = {
        (method, template)
        for method, template in asked
        if (method, template) not in PUBLIC_ENDPOINTS and _status(client, method, _path(template)) != 401
    }
    # Asks for a token itself, by its own `auth` (test_real_server.py).
    assert {template for _, template in answered} == {"/socket.io/x"}
    public = {(method, template) for method, template in asked if (method, template) in PUBLIC_ENDPOINTS}
    assert public <= PUBLIC_ENDPOINTS
    assert len(PUBLIC_ENDPOINTS) == 9  # whoever adds one, thinks twice


def test_viewers_reach_no_route_of_mlflow_that_writes(guarded: Guarded) -> None:
    client = guarded.signed_in("viewer")
    reached = set()
    for method, template in _mlflow(guarded):
        if method in READS:
            continue
        if access(method, template) == "read":
            reached.add(template)
        else:
            refused = 404 if access(method, template) == "off" else 403
            assert _status(client, method, _path(template)) == refused, (method, template)
    assert reached == ASKING


def test_viewers_write_nothing_of_ours(guarded: Guarded) -> None:
    client = guarded.signed_in("viewer")
    own = {
        "/login", "/logout", "/api/v1/auth/login", "/api/v1/auth/refresh", "/api/v1/auth/logout",
        "/api/v1/auth/me/password", "/api/v1/settings/preferences", "/socket.io/x",
    }  # fmt: skip
    for method, template in _ours(guarded):
        if method not in (*READS, "WEBSOCKET") and template not in own:
            assert _status(client, method, _path(template)) == 403, (method, template)


def test_editors_write_but_rule_nothing(guarded: Guarded) -> None:
    client = guarded.signed_in("editor")
    table = AccessTable(iter(_mlflow(guarded)))
    for method, template in _mlflow(guarded):
        path = _path(template)
        if method != "OPTIONS" and RUNS_THINGS.fullmatch(template):
            assert table.required_access(method, path) == "off", (method, template)
    for method, path in (
        ("POST", "/api/2.0/mlflow/experiments/delete"), ("POST", "/api/3.0/mlflow/scorers/register"), ("DELETE", "/api/3.0/mlflow/workspaces/x"),
        ("GET", "/api/v1/auth/users"), ("POST", "/api/v1/auth/tokens"), ("PUT", "/api/v1/settings/system"),
        ("POST", "/api/v1/settings/system/reset"), ("POST", "/api/v1/settings/cleanup-storage"),
        ("GET", "/api/2.0/mlflow/users/list"), ("POST", "/api/9.0/mlflow/anything"), ("GET", "/unheard-of"),
        ("POST", "/api/2.0/mlflow/experiments/create/"), ("POST", "//api/2.0/mlflow/runs/create"),
    ):  # fmt: skip
        assert _status(client, method, path) == 403, (method, path)
    for method, path in (
        ("POST", "/api/2.0/mlflow/runs/create"), ("POST", "/api/2.0/mlflow/runs/log-batch"),
        ("POST", "/api/2.0/mlflow/registered-models/create"), ("PUT", "/api/2.0/mlflow-artifacts/artifacts/0/b"),
        ("POST", "/v1/traces"), ("GET", "/api/2.0/mlflow/experiments/get"),
    ):  # fmt: skip
        assert _status(client, method, path) not in (401, 403), (method, path)


def test_what_runs_or_calls_something_from_the_server_is_off_for_everybody(guarded: Guarded) -> None:
    client = guarded.signed_in("admin")
    for method, path in (
        ("GET", "/ajax-api/3.0/mlflow/gateway/secrets/list"), ("POST", "/ajax-api/3.0/jobs/"),
        ("GET", "/ajax-api/3.0/mlflow/assistant/config"), ("POST", "/api/2.0/mlflow/webhooks"),
        ("POST", "/gateway/any/mlflow/invocations"), ("POST", "/ajax-api/3.0/mlflow/scorer/invoke"),
        ("POST", "/ajax-api/3.0/mlflow/genai/evaluate/invoke"), ("POST", "/ajax-api/3.0/mlflow/issues/invoke"),
    ):  # fmt: skip
        found = client.request(method, path, json=None if method in READS else {})
        assert (found.status_code, "off here" in found.text) == (404, True), (method, path)


KNOWN = Path(__file__).with_name("mlflow_routes.txt")


def test_every_route_of_mlflow_was_looked_at_by_a_person(guarded: Guarded) -> None:
    """A newer MLflow's routes are to be read one by one; then `mlflow_routes.txt` is written anew by this test's own line."""
    now = {f"{access(method, template)} {method} {template}" for method, template in _mlflow(guarded)
           if method not in ("HEAD", "OPTIONS")}  # fmt: skip
    known = set(KNOWN.read_text(encoding="utf-8").splitlines())
    assert not now - known, "new routes: what do they write, open or call?"
    assert not known - now, "gone"


def test_admins_reach_what_rules(guarded: Guarded) -> None:
    client = guarded.signed_in("admin")
    for method, path in (("POST", "/api/2.0/mlflow/experiments/delete"), ("GET", "/api/v1/auth/users")):
        assert _status(client, method, path) not in (401, 403)


def test_viewers_read(guarded: Guarded) -> None:
    client = guarded.signed_in("viewer")
    search = client.post("/api/2.0/mlflow/experiments/search", json={"max_results": 5})
    assert search.status_code == 200
    assert client.get("/").status_code == 200
    assert client.get("/api/v1/openapi.json").status_code == 200


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("query Q { mlflowSearchRuns: __typename }", 200),
        ("{ __typename }", 200),
        ('mutation { testMutation(inputString: "x") { output } }', 403),
        ('query A { __typename } mutation B { testMutation(inputString: "x") { output } }', 403),
        ("subscription { x }", 403),
        ("# query\nmutation M { __typename }", 403),
        ("{", 403),
        ("{" * 6000, 403),
        (7, 403),
        (None, 403),
    ],
    ids=lambda value: str(value)[:20],
)
def test_viewers_ask_by_graphql_and_change_nothing(guarded: Guarded, query: object, status: int) -> None:
    client = guarded.signed_in("viewer")
    assert client.post("/graphql", json={"query": query}).status_code == status


@pytest.mark.parametrize(
    ("place", "allowed"),
    [
        (None, True), ("", True), ("mlflow-artifacts:/of-mine", True), ("file:///etc", False), ("/etc", False),
        ("mlflow-artifacts:/../.veritrain", False), ("mlflow-artifacts:/a/../../x", False), ("mlflow-artifacts:/%2e%2e/x", False),
        ("mlflow-artifacts:/.hidden", False), ("mlflow-artifacts:/support/run/artifacts", False),
        ("s3://elsewhere/x", False), ("mlflow-artifacts://host/x", False), ("FILE:///etc", False), (["file:///etc"], False),
    ],
)  # fmt: skip
def test_only_admins_choose_where_artifacts_lie(guarded: Guarded, place: object, allowed: bool) -> None:
    body = {"name": f"placed {place} by an editor", "artifact_location": place}
    found = guarded.signed_in("editor").post("/api/2.0/mlflow/experiments/create", json=body)
    assert (found.status_code != 403) == allowed, found.text


def test_templates_become_patterns() -> None:
    assert as_pattern("/a/<b>/c").fullmatch("/a/1/c")
    assert not as_pattern("/a/<b>/c").fullmatch("/a/1/2/c")
    assert as_pattern("/a/<path:b>").fullmatch("/a/1/2")
    assert as_pattern("/a/{b:path}/c").fullmatch("/a/1/2/c")
    assert not as_pattern("/a/{b}:x").fullmatch("/a/b/c:x")
    assert not as_pattern("/a.b").fullmatch("/axb")


@pytest.mark.parametrize(
    "path",
    [
        "/get-artifact?run_uuid=1&path=../../etc/passwd", "/get-artifact?run_uuid=1&path=%252e%252e/x",
        "/api/2.0/mlflow/artifacts/list?run_id=1&path=../..", "/api/2.0/mlflow-artifacts/artifacts?path=../..",
        "/api/2.0/mlflow-artifacts/artifacts/%2e%2e/%2e%2e/mlflow.db", "/static-files/..%2f..%2fhandlers.py",
        "/api/2.0/mlflow-artifacts/artifacts/..%5c..%5cx", "/api/v1/reports/%2e%2e%2fx/export",
    ],
)  # fmt: skip
def test_nothing_outside_its_folder_is_read(guarded: Guarded, path: str) -> None:
    found = guarded.signed_in("admin").get(path)
    assert 400 <= found.status_code < 500
    assert "root:" not in found.text
