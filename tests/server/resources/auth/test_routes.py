"""The sign-in routes where nobody signs in."""

from __future__ import annotations

from starlette.testclient import TestClient

PASSWORD = "a password for tests"


def test_local_use_needs_no_login_and_has_none(server: TestClient) -> None:
    me = server.get("/api/v1/auth/me")
    assert (me.status_code, me.json()) == (
        200,
        {"id": "local", "email": None, "role": "admin", "kind": "local"},
    )
    body = {"email": "admin@example.org", "password": PASSWORD}
    for method, path, sent in (
        ("POST", "login", body), ("POST", "refresh", {"refreshToken": "x"}), ("POST", "tokens", {"name": "ci"}),
        ("PUT", "me/password", {"currentPassword": PASSWORD, "newPassword": PASSWORD}),
    ):  # fmt: skip
        found = server.request(method, f"/api/v1/auth/{path}", json=sent)
        assert (found.status_code, "SECRET_KEY is not set" in found.json()["message"]) == (409, True), path
    assert server.post("/api/v1/auth/logout").status_code == 204
    assert server.get("/login?next=/home", follow_redirects=False).headers["location"] == "/home"
    assert (
        server.post("/api/v1/auth/users", json={**body, "role": "admin"}).status_code == 201
    )  # before a secret is set


def test_local_use_is_still_kept_from_other_sites(server: TestClient) -> None:
    foreign = {"origin": "http://evil.example"}
    assert (
        server.post("/api/2.0/mlflow/experiments/create", json={"name": "x"}, headers=foreign).status_code
        == 403
    )
    assert server.post("/api/v1/auth/users", json={}, headers=foreign).status_code == 403
    assert server.get("/", headers={"host": "evil.example"}).status_code == 403
