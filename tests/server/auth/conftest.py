"""One guarded server with an account of each role, for all tests of this folder; and a gatekeeper by itself."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.server.documented import hold
from veritrain_lib.server.environment import Environment

SECRET = "a secret of the tests that is long enough"  # for tests only
PASSWORD = "a password for tests"

_addresses = itertools.count(1)


@dataclass
class Guarded:
    """A server with SECRET_KEY set, in this process."""

    running: TestClient
    home: Path
    real_hasher: Any

    @property
    def app(self) -> Any:
        return self.running.app

    def client(self, **changes: Any) -> TestClient:
        """Somebody new, from an address of their own (attempts to sign in are counted by address)."""
        number = next(_addresses)
        settings = {
            "base_url": "http://127.0.0.1:8000", "raise_server_exceptions": False, "follow_redirects": False,
            "client": (f"10.0.{number // 250}.{number % 250 + 1}", 50_000), **changes,
        }  # fmt: skip
        made = hold(TestClient(self.app, **settings))
        made.portal = self.running.portal  # one event loop, as in a real server: locks belong to theirs
        return made

    def login(self, email: str, password: str = PASSWORD) -> dict[str, str]:
        """The tokens of a new login."""
        found = self.client().post("/api/v1/auth/login", json={"email": email, "password": password})
        assert found.status_code == 200, found.text
        tokens: dict[str, str] = found.json()
        return tokens

    def signed_in(self, role: str) -> TestClient:
        """A client that sends the access token of the account with that role."""
        client = self.client()
        client.headers["Authorization"] = f"Bearer {self.login(f'{role}@example.org')['access_token']}"
        return client


@pytest.fixture(scope="module")
def guarded(empty_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """Accounts viewer@, editor@ and admin@example.org, all with PASSWORD."""
    from pwdlib import PasswordHash
    from pwdlib.hashers.argon2 import Argon2Hasher

    from veritrain_lib.server.app import create_app
    from veritrain_lib.server.auth import passwords, users
    from veritrain_lib.server.database import migrate
    from veritrain_lib.server.environment import environment
    from veritrain_lib.tracking import mlflow_server

    home = tmp_path_factory.mktemp("guarded")
    shutil.copy(empty_store, home / "mlflow.db")
    patch = pytest.MonkeyPatch()
    for name in ("DATABASE_URL", "REDIS_URL", "ALLOWED_ORIGINS", "ALLOWED_HOSTS", "MLFLOW_TRACKING_URI"):
        patch.delenv(name, raising=False)
    patch.setenv("VERITRAIN_HOME", str(home))
    patch.setenv("SECRET_KEY", SECRET)
    patch.setenv("VERITRAIN_RATE_LIMIT", "0")
    for name in mlflow_server.environment():
        patch.setenv(name, "")
        patch.delenv(name)
    import mlflow.server.handlers as theirs

    for name in ("_tracking_store", "_model_registry_store", "_artifact_repo"):
        if hasattr(theirs, name):
            patch.setattr(theirs, name, None)
    real = passwords._hasher
    quick = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=64, parallelism=1),))
    patch.setattr(passwords, "_hasher", lambda: quick)  # the tests sign in a hundred times
    passwords._dummy_hash.cache_clear()
    environment.cache_clear()
    migrate.upgrade()
    for role in ("viewer", "editor", "admin"):
        users.add(f"{role}@example.org", PASSWORD, role)
    with TestClient(create_app(), base_url="http://127.0.0.1:8000") as running:
        yield Guarded(running, home, real)
    patch.undo()
    passwords._dummy_hash.cache_clear()
    environment.cache_clear()


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """An application that reads its body and says how long it was; or accepts a WebSocket and greets."""
    if scope["type"] == "lifespan":
        for moment in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{moment}.complete"})
        return
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.send", "text": "hello"})
        await send({"type": "websocket.close"})
        return
    length, more = 0, True
    while more:
        message = await receive()
        length += len(message.get("body", b""))
        more = message.get("more_body", False)
    headers = [(b"content-type", b"text/plain"), (b"access-control-allow-origin", b"http://localhost:1")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": str(length).encode()})


@pytest.fixture
def gatekeeper(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., TestClient]]:
    """A gatekeeper with the settings that a test wants, before an application that echoes, without a login or record."""
    from anyio.from_thread import start_blocking_portal

    from veritrain_lib.server.auth import artifact_paths
    from veritrain_lib.server.auth.gatekeeper import Gatekeeper
    from veritrain_lib.tracking.mlflow_routes import AccessTable

    monkeypatch.setattr(artifact_paths, "is_experiment_folder", lambda name: True)

    def make(client: tuple[str, int] = ("10.1.1.1", 50_000), **settings: Any) -> TestClient:
        app = Gatekeeper(echo, Environment(**settings), [], AccessTable(iter(())))
        made = TestClient(app, base_url="http://127.0.0.1:8000", client=client)
        made.portal = portal  # one event loop, as in a real server
        return made

    with start_blocking_portal() as portal:
        yield make
