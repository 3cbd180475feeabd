"""Hosts, origins, paths, sizes and rates, by a gatekeeper before an application that answers anything."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient, WebSocketDenialResponse

from veritrain_lib.core.errors import UserError
from veritrain_lib.server.auth.paths import check_path
from veritrain_lib.server.auth.refusal import Refusal

Make = Callable[..., TestClient]
MEGABYTE = 1024 * 1024
SOCKET = "ws://127.0.0.1:8000/"


@pytest.mark.parametrize(
    "host", ["127.0.0.1:8000", "localhost", "[::1]:8000", "LOCALHOST:9", "team.example.org:80"]
)
def test_own_names_are_answered(gatekeeper: Make, host: str) -> None:
    assert gatekeeper(allowed_hosts=("team.example.org",)).get("/", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost:80@evil.example", "", "evil.example:8000", "a, localhost"]
)  # fmt: skip
def test_foreign_names_are_refused(gatekeeper: Make, host: str) -> None:
    client = gatekeeper(allowed_hosts=("team.example.org",))
    found = client.get("/", headers={"host": host})
    assert found.status_code == 403
    assert found.json()["message"].startswith("this host name is not allowed")
    with (
        pytest.raises(WebSocketDenialResponse) as refused,
        client.websocket_connect(SOCKET, headers={"host": host}),
    ):
        pass
    assert refused.value.status_code == 403


def test_hosts_by_pattern_and_any(gatekeeper: Make) -> None:
    client = gatekeeper(allowed_hosts=("*.example.org",))
    assert client.get("/", headers={"host": "a.example.org"}).status_code == 200
    assert client.get("/", headers={"host": "example.org.evil"}).status_code == 403
    assert gatekeeper(allowed_hosts=("*",)).get("/", headers={"host": "any.thing"}).status_code == 200


FOREIGN = [
    "http://evil.example",
    "null",
    "http://127.0.0.1:5173",
    "http://127.0.0.1:8000.evil.example",
    "file://",
]


@pytest.mark.parametrize("origin", FOREIGN)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "WEBSOCKET", "PREFLIGHT"])
def test_pages_of_foreign_origins_change_nothing(gatekeeper: Make, method: str, origin: str) -> None:
    client, headers = gatekeeper(), {"origin": origin}
    if method == "WEBSOCKET":
        with (
            pytest.raises(WebSocketDenialResponse) as refused,
            client.websocket_connect(SOCKET, headers=headers),
        ):
            pass
        assert (refused.value.status_code, refused.value.json()["detail"][:20]) == (
            403,
            "pages of this origin",
        )
    elif method == "PREFLIGHT":
        asked = {**headers, "access-control-request-method": "POST"}
        assert client.options("/", headers=asked).status_code == 403
    else:
        assert client.request(method, "/", headers=headers).status_code == 403


def test_what_a_foreign_page_reads_is_not_shown_to_its_script(gatekeeper: Make) -> None:
    found = gatekeeper().get("/", headers={"origin": "http://localhost:1"})
    assert "access-control-allow-origin" not in found.headers  # the application behind sends one


def test_a_browser_that_names_no_origin_is_still_known_by_its_site(gatekeeper: Make) -> None:
    assert gatekeeper().post("/", headers={"sec-fetch-site": "cross-site"}).status_code == 403
    assert gatekeeper().post("/", headers={"sec-fetch-site": "same-origin"}).status_code == 200
    assert gatekeeper().post("/").status_code == 200  # a program


def test_own_pages_and_allowed_origins_are_let_in(gatekeeper: Make) -> None:
    page = "http://localhost:5173"
    client = gatekeeper(allowed_origins=(page,))
    assert client.post("/", headers={"origin": "http://127.0.0.1:8000"}).status_code == 200
    assert (
        client.post("/", headers={"origin": "http://x", "host": "x"}).status_code == 403
    )  # its host is foreign
    found = client.post("/", headers={"origin": page})
    assert found.status_code == 200
    assert found.headers["access-control-allow-origin"] == page
    assert found.headers["access-control-allow-credentials"] == "true"
    assert "Origin" in found.headers["vary"]
    with client.websocket_connect(SOCKET, headers={"origin": page}) as socket:
        assert socket.receive_text() == "hello"
    asked = client.options(
        "/api/2.0/mlflow/runs/create",
        headers={
            "origin": page, "access-control-request-method": "POST", "access-control-request-headers": "authorization"
        },
    )  # fmt: skip
    assert (asked.status_code, asked.headers["access-control-allow-headers"]) == (204, "authorization")
    assert "POST" in asked.headers["access-control-allow-methods"]


def test_any_origin_needs_a_secret(gatekeeper: Make) -> None:
    with pytest.raises(UserError, match="any web page"):
        gatekeeper(allowed_origins=("*",))


@pytest.mark.parametrize(
    "path",
    ["/a/../b", "/a/%2e%2e/b", "/a%2f..%2fb", "/a/%252e%252e/b", "/a%5c..%5cb", "/a%00", "/a/..", "/%2e%2e%2fb", "/a%0d%0ab"],
)  # fmt: skip
@pytest.mark.parametrize(
    "prefix", ["", "/api/2.0/mlflow-artifacts/artifacts", "/api/v1/datasets", "/static-files"]
)
def test_paths_that_leave_their_folder_are_refused(prefix: str, path: str) -> None:
    from urllib.parse import unquote

    raw = prefix + path
    with pytest.raises(Refusal) as refused:
        check_path({"path": unquote(raw), "raw_path": raw.encode()})
    assert refused.value.status_code == (404 if prefix == "/api/v1/datasets" else 400)


@pytest.mark.parametrize(
    "path", ["/a..b", "/a/...", "/100%25.txt", "/日本語", "/a%20b", "/a;b=1", "/.hidden"]
)
def test_odd_names_are_no_escape(path: str) -> None:
    from urllib.parse import quote, unquote

    check_path({"path": unquote(path), "raw_path": quote(path, safe="/%;=").encode()})


def test_an_escape_is_answered_as_problem_details(gatekeeper: Make) -> None:
    found = gatekeeper().get("/a/%2e%2e/%2e%2e/etc/passwd")
    assert found.status_code == 400
    assert found.headers["content-type"] == "application/problem+json"


def _chunks(size: int) -> Iterator[bytes]:
    for _ in range(0, size, MEGABYTE):
        yield b"x" * MEGABYTE


UPLOAD = {"content-type": "multipart/form-data; boundary=b"}


@pytest.mark.parametrize(
    ("method", "path", "headers", "fits_mb", "too_many_mb"),
    [
        ("POST", "/api/v1/models", {}, 10, 11),
        ("POST", "/api/v1/datasets", {}, 10, 11),
        ("POST", "/api/v1/datasets", UPLOAD, 12, 13),
        ("PUT", "/api/2.0/mlflow-artifacts/artifacts/a", {}, 14, 15),
        ("POST", "/ajax-api/2.0/mlflow/upload-artifact", {}, 14, 15),
        ("POST", "/api/2.0/mlflow/runs/log-batch", UPLOAD, 10, 11),
    ],
)
def test_bodies_have_a_largest_size(
    gatekeeper: Make, method: str, path: str, headers: dict[str, str], fits_mb: int, too_many_mb: int
) -> None:
    client = gatekeeper(upload_mb=12, artifact_mb=14)

    def send(size: int, *, announced: bool) -> Any:
        content = b"x" * size if announced else _chunks(size)
        return client.request(method, path, content=content, headers=headers)

    for announced in (True, False):
        found = send(fits_mb * MEGABYTE, announced=announced)
        assert (found.status_code, found.text) == (200, str(fits_mb * MEGABYTE))
        refused = send(too_many_mb * MEGABYTE, announced=announced)
        assert refused.status_code == 413
        assert refused.json()["detail"] == f"the body is larger than {fits_mb} MB"


def test_a_body_that_lies_about_its_size_is_refused(gatekeeper: Make) -> None:
    assert gatekeeper().post("/", content=b"x", headers={"content-length": "-1"}).status_code == 400
    lying = gatekeeper().post("/", content=_chunks(11 * MEGABYTE), headers={"content-length": "5"})
    assert lying.status_code == 413


def test_an_application_that_swallows_the_end_of_its_body_is_overruled() -> None:
    from veritrain_lib.server.auth.gatekeeper import Gatekeeper
    from veritrain_lib.server.environment import Environment
    from veritrain_lib.tracking.mlflow_routes import AccessTable

    async def swallows(scope: Any, receive: Any, send: Any) -> None:
        try:
            while (await receive()).get("more_body"):
                pass
        except Exception:  # noqa: BLE001, S110  # as an application does that takes any error for a bad body
            pass
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"fine"})

    app = Gatekeeper(swallows, Environment(), [], AccessTable(iter(())))
    client = TestClient(app, base_url="http://127.0.0.1:8000")
    assert client.post("/", content=_chunks(11 * MEGABYTE)).status_code == 413


def test_requests_are_counted_by_address(gatekeeper: Make) -> None:
    client = gatekeeper(rate_limit=3)
    assert [client.get("/").status_code for _ in range(4)] == [200, 200, 200, 429]
    refused = client.get("/")
    assert 1 <= int(refused.headers["retry-after"]) <= 61
    assert refused.json()["status"] == 429
    client._transport.client = ("10.1.1.2", 50_000)  # type: ignore[attr-defined]
    assert client.get("/").status_code == 200


def test_a_network_of_addresses_counts_as_one() -> None:
    from veritrain_lib.server.auth.rate_limits import client_address

    assert client_address({"client": ("2001:db8::1", 1)}) == client_address({"client": ("2001:db8::2", 1)})
    assert client_address({"client": ("2001:db8:0:1::1", 1)}) != client_address(
        {"client": ("2001:db8::1", 1)}
    )
    assert client_address({"client": None}) == "unknown"


def test_rates_are_shared_through_redis_and_counted_here_when_it_is_gone(gatekeeper: Make) -> None:
    import redis

    address = "redis://127.0.0.1:6379/9"
    try:
        redis.Redis.from_url(address).flushdb()
    except redis.ConnectionError:
        pytest.skip("no Redis on this machine")
    with (
        gatekeeper(rate_limit=3, redis_url=address) as one,
        gatekeeper(rate_limit=3, redis_url=address) as other,
    ):
        assert [client.get("/").status_code for client in (one, other, one, other)] == [200, 200, 200, 429]
    gone = gatekeeper(rate_limit=1, redis_url="redis://127.0.0.1:1/0")
    assert [gone.get("/").status_code for _ in range(2)] == [200, 429]


def test_without_a_secret_everybody_is_the_local_admin_and_nothing_is_looked_up() -> None:
    from veritrain_lib.server.auth.gatekeeper import Gatekeeper
    from veritrain_lib.server.environment import Environment
    from veritrain_lib.server.http.current_user import LOCAL
    from veritrain_lib.tracking.mlflow_routes import AccessTable

    seen = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["state"]["principal"])

    scope = {
        "type": "http", "method": "DELETE", "path": "/any", "raw_path": b"/any", "query_string": b"",
        "headers": [(b"host", b"localhost"), (b"authorization", b"Basic eDp5")], "state": {},
    }  # fmt: skip
    asyncio.run(Gatekeeper(app, Environment(), [], AccessTable(iter(())))(scope, None, None))  # type: ignore[arg-type]
    assert seen == [LOCAL]
