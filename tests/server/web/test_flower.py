"""Flower behind our login: a real Flower over a real Redis answers to admins, and to nobody who goes past the server."""

from __future__ import annotations

import os
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from starlette.testclient import TestClient

from tests.machines import VERITRAIN, free_redis
from tests.server.served import free_port
from veritrain_lib.execution.workers import flower
from veritrain_lib.server.auth import users

PASSWORD = "a long enough password"  # for tests only


@contextmanager
def _flower(redis_url: str) -> Iterator[str]:
    """Flower as `veritrain flower` starts it, with the settings of the test; yields its address."""
    port = free_port()
    process = subprocess.Popen(
        [VERITRAIN, "flower", "--port", str(port)],
        env={**os.environ, "REDIS_URL": redis_url}, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 90
        while _status(f"{address}/flower/healthcheck") != 200:
            assert process.poll() is None, f"it ended with {process.returncode}"
            assert time.monotonic() < deadline
            time.sleep(0.2)
        yield address
    finally:
        process.terminate()
        process.wait(30)


def _status(address: str) -> int:
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_an_admin_sees_flower_and_nobody_else_does(
    guarded_server: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("flower")
    headers = {}
    for role in ("editor", "admin"):
        users.add(f"{role}@example.org", PASSWORD, role)
        answer = guarded_server.post(
            "/api/v1/auth/login", json={"email": f"{role}@example.org", "password": PASSWORD}
        )
        headers[role] = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    guarded_server.cookies.clear()
    with free_redis() as redis_url, _flower(redis_url) as address:
        monkeypatch.setenv("VERITRAIN_FLOWER_URL", address)
        assert _status(f"{address}/flower/") == 401, "Flower's own port asks for a password"
        assert guarded_server.get("/flower/").status_code == 401
        assert guarded_server.get("/flower/", headers=headers["editor"]).status_code == 403
        page = guarded_server.get("/flower/", headers=headers["admin"])
        assert page.status_code == 200
        assert "/flower/static/" in page.text
        style = guarded_server.get("/flower/static/css/flower.css", headers=headers["admin"])
        assert (style.status_code, style.headers["content-type"]) == (200, "text/css")
        workers = guarded_server.get("/flower/workers?json=1", headers=headers["admin"])
        assert workers.json()["data"] == [], "it speaks of this Redis, where no worker is"
        monkeypatch.setenv("VERITRAIN_FLOWER_PASSWORD", "another")
        refused = guarded_server.get("/flower/", headers=headers["admin"])
        assert (refused.status_code, "same SECRET_KEY" in refused.text) == (503, True)


def test_without_flower_the_page_says_how_to_start_it(
    server: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VERITRAIN_FLOWER_URL", "http://127.0.0.1:9")
    answer = server.get("/flower/")
    assert answer.status_code == 503
    assert "start it by `veritrain flower`" in answer.json()["detail"]
    assert server.get("/flower", follow_redirects=False).headers["location"] == "/flower/"


def test_the_password_is_none_of_the_servers_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VERITRAIN_FLOWER_PASSWORD", raising=False)
    derived = flower.password("a secret")
    assert "a secret" not in derived
    assert derived == flower.password("a secret") != flower.password("another secret")
    assert not any(derived in word for word in flower.command("127.0.0.1", 5555)), "arguments can be read"
    monkeypatch.setenv("VERITRAIN_FLOWER_PASSWORD", "my own")
    assert flower.password("a secret") == "my own"
