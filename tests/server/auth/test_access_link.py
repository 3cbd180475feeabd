"""Without accounts the server answers whoever has its link, and no other account of the machine."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import SecretStr
from starlette.testclient import TestClient, WebSocketDenialResponse

from veritrain_lib.core import project
from veritrain_lib.server import link_token

TOKEN = "t" * 43
Make = Callable[..., TestClient]
PAGE = {"accept": "text/html", "sec-fetch-mode": "navigate"}


@pytest.fixture
def open_server(gatekeeper: Make) -> TestClient:
    client = gatekeeper(link_token=SecretStr(TOKEN))
    client.follow_redirects = False
    return client


@pytest.mark.parametrize(
    "path", ["/", "/home", "/api/v1/models", "/metrics", "/get-artifact", "/login", "/unknown"]
)
def test_nobody_is_answered_without_the_token(open_server: TestClient, path: str) -> None:
    for headers in (
        {}, {"authorization": "Bearer"}, {"authorization": f"Bearer {TOKEN}x"}, {"authorization": f"Basic {TOKEN}"},
        {"cookie": f"veritrain_link_00000000={TOKEN}"}, {"authorization": "Bearer ü"}, {"cookie": "veritrain_session=x~y"},
    ):  # fmt: skip
        found = open_server.get(
            path, headers={name: text.encode("latin-1") for name, text in headers.items()}
        )
        assert found.status_code == 401, (path, headers)
        assert "veritrain serve" in found.json()["detail"]
        assert found.headers["www-authenticate"] == "Bearer"
    assert open_server.post(f"{path}?token={TOKEN}x").status_code == 401
    with (
        pytest.raises(WebSocketDenialResponse),
        open_server.websocket_connect(f"ws://127.0.0.1:8000/x?token={TOKEN}x"),
    ):
        pass


def test_a_person_is_told_where_the_link_is(open_server: TestClient) -> None:
    found = open_server.get("/home", headers=PAGE)
    assert found.status_code == 401
    assert found.headers["content-type"].startswith("text/plain")
    assert ".veritrain/link_token" in found.text


def test_the_link_gives_a_browser_its_cookie_once_and_leads_on_without_the_token(
    open_server: TestClient,
) -> None:
    found = open_server.get(f"/home?a=1&token={TOKEN}&b=%20", headers=PAGE)
    assert (found.status_code, found.headers["location"]) == (303, "/home?a=1&b=%20")
    (cookie,) = found.headers.get_list("set-cookie")
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert open_server.get("/home").status_code == 200, "by the cookie"
    with open_server.websocket_connect("ws://127.0.0.1:8000/api/v1/experiments/1/stream") as socket:
        assert socket.receive_text() == "hello"
    assert open_server.post("/api/v1/models", json={}).status_code == 200


@pytest.mark.parametrize("path", ["//elsewhere.example/x", "/%2felsewhere.example", "///elsewhere.example"])
def test_the_link_leads_to_no_other_site(open_server: TestClient, path: str) -> None:
    found = open_server.get(f"http://127.0.0.1:8000{path}?token={TOKEN}")
    assert not found.headers["location"].startswith("//")
    assert found.headers["location"].startswith("/")


def test_programs_send_it_as_a_bearer_token_and_sockets_in_their_address(open_server: TestClient) -> None:
    bearer = {"authorization": f"Bearer {TOKEN}"}
    assert open_server.get("/api/2.0/mlflow/experiments/get", headers=bearer).status_code == 200
    with open_server.websocket_connect(
        f"ws://127.0.0.1:8000/api/v1/experiments/1/stream?token={TOKEN}"
    ) as socket:
        assert socket.receive_text() == "hello"


def test_whether_it_lives_is_nobodys_secret(open_server: TestClient) -> None:
    for path in ("/api/v1/health", "/api/v1/health/live", "/api/v1/health/ready"):
        assert open_server.get(path).status_code == 200


def test_the_token_is_made_once_and_is_this_users_alone(home: Path) -> None:
    made = link_token.link_token()
    file = project.state(link_token.TOKEN_FILE)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(made) >= link_token.MIN_TOKEN_LENGTH
    assert link_token.link_token() == made == file.read_text()


@pytest.mark.parametrize("wrong", ["others may read it", "it is short", "it is a link", "it is no text"])
def test_a_token_that_may_be_known_is_made_anew(home: Path, wrong: str) -> None:
    made, file = link_token.link_token(), project.state(link_token.TOKEN_FILE)
    if wrong == "others may read it":
        file.chmod(0o644)
    elif wrong == "it is short":
        file.write_text("x")
    elif wrong == "it is no text":
        file.write_bytes(b"\xff" * 50)
    else:
        other = home / "other"
        other.write_text("known to others" * 4)
        os.chmod(other, 0o600)
        file.unlink()
        file.symlink_to(other)
    again = link_token.link_token()
    assert again not in (made, "known to others" * 4)
    assert stat.S_IMODE(file.lstat().st_mode) == 0o600


def test_a_server_over_a_project_asks_for_the_token_of_that_project(server: TestClient) -> None:
    assert server.get("/api/v1/models").status_code == 200
    assert server.get("/api/v1/models", headers={"authorization": "Bearer no"}).status_code == 401
    assert server.get("/api/2.0/mlflow/experiments/search", headers={"authorization": ""}).status_code == 401
