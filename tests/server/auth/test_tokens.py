"""Tokens that must open nothing, and the life of those that do."""

from __future__ import annotations

import base64
import hmac
import json
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import anyio
import jwt
import pytest
from sqlalchemy import select, update

from tests.server.auth.conftest import PASSWORD, SECRET, Guarded
from veritrain_lib.server.auth import sessions, token_validity, tokens, users
from veritrain_lib.server.auth.refusal import Refusal
from veritrain_lib.server.database.session import session
from veritrain_lib.server.database.tables import Token, now

ME = "/api/v1/auth/me"


def _status(guarded: Guarded, token: str, path: str = ME) -> int:
    found = guarded.client().get(path, headers={"Authorization": f"Bearer {token}"})
    if found.status_code == 401:
        assert found.headers["www-authenticate"] == "Bearer"
        assert found.json()["status"] == 401
    return found.status_code


@pytest.fixture
def claims(guarded: Guarded) -> dict[str, Any]:
    """The claims of a token that holds."""
    text = guarded.login("viewer@example.org")["access_token"]
    found: dict[str, Any] = jwt.decode(text, options={"verify_signature": False})
    assert _status(guarded, jwt.encode(found, tokens._key(), "HS256")) == 200
    return found


def test_a_forged_signature(guarded: Guarded, claims: dict[str, Any]) -> None:
    head, body, signature = guarded.login("viewer@example.org")["access_token"].split(".")
    admin = guarded.login("admin@example.org")["access_token"].split(".")[1]
    assert _status(guarded, f"{head}.{admin}.{signature}") == 401
    flipped = ("A" if signature[0] != "A" else "B") + signature[1:]
    assert _status(guarded, f"{head}.{body}.{flipped}") == 401


@pytest.mark.parametrize("key", [b"another key of sufficient length....", SECRET.encode(), b"\0" * 32])
def test_another_key(guarded: Guarded, claims: dict[str, Any], key: bytes) -> None:
    assert _status(guarded, jwt.encode(claims, key, "HS256")) == 401


def test_another_algorithm_of_the_same_key(guarded: Guarded, claims: dict[str, Any]) -> None:
    assert _status(guarded, jwt.encode(claims, tokens._key() * 2, "HS512")) == 401
    assert _status(guarded, jwt.encode(claims, tokens._key(), "HS384")) == 401


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "nOnE"])
@pytest.mark.parametrize("signature", ["", "AAAA"])
def test_no_algorithm(guarded: Guarded, claims: dict[str, Any], algorithm: str, signature: str) -> None:
    def part(value: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    assert _status(guarded, f"{part({'alg': algorithm, 'typ': 'JWT'})}.{part(claims)}.{signature}") == 401


@pytest.mark.parametrize(
    "change",
    [
        {"exp": -1},
        {"aud": "another"},
        {"iss": "another"},
        {"iat": 3600},
        {"typ": "refresh"},
        {"typ": "service"},
        {"sub": "0" * 32},
        {"fam": "0" * 32},
        {"fam": 7},
        *({name: None} for name in tokens.REQUIRED_CLAIMS),
    ],
    ids=str,
)
def test_claims_that_are_not_right(guarded: Guarded, claims: dict[str, Any], change: dict[str, Any]) -> None:
    # Times are given from now on: a worker of its own collects these cases a second later.
    change = {
        name: int(time.time()) + value if name in ("exp", "iat") and value is not None else value
        for name, value in change.items()
    }
    changed = {name: value for name, value in {**claims, **change}.items() if value is not None}
    assert _status(guarded, jwt.encode(changed, tokens._key(), "HS256")) == 401


@pytest.mark.parametrize("text", ["", "x", "a.b.c", "é", "." * 5000, "Bearer x"])
def test_texts_that_are_no_token(guarded: Guarded, text: str) -> None:
    headers = {"Authorization": f"Bearer {text}".encode()}
    assert guarded.client().get(ME, headers=headers).status_code == 401  # type: ignore[arg-type]


def test_basic_authorization_is_not_understood(guarded: Guarded) -> None:
    assert guarded.client().get(ME, auth=("admin@example.org", PASSWORD)).status_code == 401


def test_each_token_is_for_its_own_use(guarded: Guarded) -> None:
    given = guarded.login("viewer@example.org")
    assert _status(guarded, given["refresh_token"]) == 401
    client = guarded.client()
    assert (
        client.post("/api/v1/auth/refresh", json={"refresh_token": given["access_token"]}).status_code == 401
    )
    assert _status(guarded, given["access_token"]) == 200  # trying it did no harm


def test_a_refresh_token_works_once_and_its_second_use_ends_the_login(guarded: Guarded) -> None:
    first, client = guarded.login("viewer@example.org"), guarded.client()
    second = client.post("/api/v1/auth/refresh", json={"refreshToken": first["refresh_token"]})
    assert second.status_code == 200
    assert second.json()["expires_in"] == 900
    assert second.json()["token_type"] == "bearer"
    assert second.json()["refresh_token"] != first["refresh_token"]
    access = second.json()["access_token"]
    assert _status(guarded, access) == 200
    assert (
        client.post("/api/v1/auth/refresh", json={"refresh_token": first["refresh_token"]}).status_code == 401
    )
    # Whoever was first: nobody has it any more.
    assert _status(guarded, access) == 401
    assert _status(guarded, first["access_token"]) == 401
    again = client.post("/api/v1/auth/refresh", json={"refresh_token": second.json()["refresh_token"]})
    assert again.status_code == 401


def test_of_many_at_once_one_renews(guarded: Guarded) -> None:
    text = guarded.login("viewer@example.org")["refresh_token"]

    def renew(_: int) -> bool:
        try:
            return isinstance(sessions.renew(text), sessions.Login)
        except Refusal:
            return False

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(renew, range(6))) == 1


def test_an_expired_refresh_token(guarded: Guarded) -> None:
    given = guarded.login("viewer@example.org")
    kept = tokens.read(given["refresh_token"], "refresh")
    with session() as opened:
        opened.execute(
            update(Token).where(Token.id == kept.token_id).values(expires_at=now() - timedelta(seconds=1))
        )
    client = guarded.client()
    assert (
        client.post("/api/v1/auth/refresh", json={"refresh_token": given["refresh_token"]}).status_code == 401
    )


def test_nothing_holds_after_a_logout(guarded: Guarded) -> None:
    given, other = guarded.login("viewer@example.org"), guarded.login("viewer@example.org")
    client = guarded.client()
    headers = {"Authorization": f"Bearer {given['access_token']}"}
    assert _status(guarded, given["access_token"]) == 200  # and is remembered now
    assert client.post("/api/v1/auth/logout", headers=headers).status_code == 204
    assert _status(guarded, given["access_token"]) == 401
    assert (
        client.post("/api/v1/auth/refresh", json={"refresh_token": given["refresh_token"]}).status_code == 401
    )
    assert _status(guarded, other["access_token"]) == 200  # another login of the same account


def test_another_process_sees_a_logout_within_seconds(
    guarded: Guarded, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = guarded.login("viewer@example.org")
    assert _status(guarded, given["access_token"]) == 200
    with session() as opened:  # as another process would, without telling this one
        family = tokens.read(given["access_token"], "access").family
        opened.execute(update(Token).where(Token.family == family).values(revoked_at=now()))
    assert token_validity.CACHE_S <= 5
    clock = time.monotonic() + token_validity.CACHE_S + 0.1
    monkeypatch.setattr(token_validity.time, "monotonic", lambda: clock)
    assert _status(guarded, given["access_token"]) == 401


def test_accounts_that_are_shut_or_gone(guarded: Guarded) -> None:
    user = users.add("leaving@example.org", PASSWORD, "editor")
    given = guarded.login("leaving@example.org")
    assert _status(guarded, given["access_token"]) == 200
    users.change(user.id, active=False)
    assert _status(guarded, given["access_token"]) == 401
    client = guarded.client()
    assert (
        client.post("/api/v1/auth/refresh", json={"refresh_token": given["refresh_token"]}).status_code == 401
    )
    body = {"email": "leaving@example.org", "password": PASSWORD}
    assert client.post("/api/v1/auth/login", json=body).status_code == 401
    users.change(user.id, active=True)
    assert _status(guarded, given["access_token"]) == 200
    users.remove(user.id)
    assert _status(guarded, given["access_token"]) == 401
    with session() as opened:
        assert not opened.scalars(select(Token).where(Token.user_id == user.id)).all()


def test_a_role_counts_from_the_moment_that_it_is_given(guarded: Guarded) -> None:
    user = users.add("rising@example.org", PASSWORD, "viewer")
    token = guarded.login("rising@example.org")["access_token"]
    assert _status(guarded, token, "/api/v1/auth/users") == 403
    users.change(user.id, role="admin")
    assert _status(guarded, token, "/api/v1/auth/users") == 200
    users.remove(user.id)


def test_neither_the_secret_nor_a_hash_is_in_a_token(guarded: Guarded) -> None:
    text = guarded.login("viewer@example.org")["access_token"]
    said = jwt.decode(text, options={"verify_signature": False})
    assert set(said) == set(tokens.REQUIRED_CLAIMS)
    assert tokens._key() != SECRET.encode()
    assert tokens._key() == hmac.digest(SECRET.encode(), tokens.KEY_PURPOSE, "sha256")


def test_a_websocket_is_closed_when_its_login_ends(guarded: Guarded, monkeypatch: pytest.MonkeyPatch) -> None:
    from veritrain_lib.server.auth import guarded_socket

    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        sent.append(message)

    text = guarded.login("viewer@example.org")["access_token"]
    kept = tokens.read(text, "access")
    caller = token_validity.look_up(kept)
    monkeypatch.setattr(guarded_socket, "RECHECK_INTERVAL_S", 0.0)
    watched = guarded_socket.GuardedSocket(caller, send)

    async def talk() -> None:
        await watched.send({"type": "websocket.send", "text": "1"})
        await anyio.to_thread.run_sync(sessions.log_out, kept.family)
        await watched.send({"type": "websocket.send", "text": "2"})
        await watched.send({"type": "websocket.send", "text": "3"})

    anyio.run(talk)
    assert [one.get("text") or one["code"] for one in sent] == ["1", 1008]
