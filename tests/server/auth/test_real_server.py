"""A server of its own process: MLflow's Python client with a service token, and what only a real server shows."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx
import pytest
import socketio
from socketio.exceptions import ConnectionError as NotConnected

from tests.server.auth.conftest import PASSWORD, SECRET


def _tokens(home: Path) -> list[str]:
    """Service tokens of a new editor and a new viewer."""
    from veritrain_lib.server.auth import sessions, users
    from veritrain_lib.server.database import migrate
    from veritrain_lib.server.environment import environment

    with pytest.MonkeyPatch.context() as patch:
        for name in ("DATABASE_URL", "MLFLOW_TRACKING_URI"):
            patch.delenv(name, raising=False)
        patch.setenv("VERITRAIN_HOME", str(home))
        patch.setenv("SECRET_KEY", SECRET)
        environment.cache_clear()
        migrate.upgrade()
        accounts = [users.add(f"{role}@example.org", PASSWORD, role) for role in ("editor", "viewer")]
        made = [sessions.issue_service_token(user.id, "tests", 1)[1] for user in accounts]
    environment.cache_clear()
    return made


BUSY_S = 120
"""How long an answer may take: the machine may be busy, and httpx would wait for 5 s only."""

get, post = (partial(ask, timeout=BUSY_S) for ask in (httpx.get, httpx.post))


@dataclass
class Running:
    """A server under `address`, and a service token of an editor and a viewer."""

    address: str
    editor: str
    viewer: str


@pytest.fixture(scope="module")
def running(empty_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A server with a secret, known as team.example.org, with a page of another origin."""
    home = tmp_path_factory.mktemp("running")
    shutil.copy(empty_store, home / "mlflow.db")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("MLFLOW_", "_MLFLOW", "VERITRAIN_"))
        and name not in ("DATABASE_URL", "REDIS_URL")
    }
    environment = {
        **inherited, "VERITRAIN_HOME": str(home), "SECRET_KEY": SECRET,
        "ALLOWED_HOSTS": "team.example.org,*.example.net,fd00::1", "ALLOWED_ORIGINS": "https://pages.example.org",
    }  # fmt: skip

    tokens = _tokens(home)
    log = home / "server.log"
    with log.open("wb") as file:
        line = [sys.executable, "-m", "uvicorn", "--factory", "veritrain_lib.server.app:create_app",
                "--port", str(port), "--no-access-log"]  # fmt: skip
        process = subprocess.Popen(line, env=environment, cwd=home, stdout=file, stderr=file)
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            assert process.poll() is None, log.read_text()
            try:
                httpx.get(f"{address}/login", timeout=5)
                break
            except httpx.TransportError:
                time.sleep(0.2)
        yield Running(address, *tokens)
    finally:
        process.terminate()
        process.wait(60)
    said = log.read_text()
    for secret in (SECRET, PASSWORD, *tokens):
        assert secret not in said


@pytest.mark.slow
def test_mlflows_client_works_with_a_service_token(
    running: Running, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from mlflow.exceptions import MlflowException
    from mlflow.tracking import MlflowClient
    from requests import HTTPError

    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    talk = MlflowClient(running.address, running.address)
    monkeypatch.delenv("MLFLOW_TRACKING_TOKEN", raising=False)
    with pytest.raises(MlflowException, match="UNAUTHENTICATED: a login is needed"):
        talk.search_experiments()

    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", running.editor)
    home = talk.create_experiment("by a client")
    run = talk.create_run(home).info.run_id
    talk.log_metric(run, "m", 1.0)
    talk.log_param(run, "p", "x")
    (tmp_path / "file.txt").write_text("content", encoding="utf-8")
    talk.log_artifact(run, str(tmp_path / "file.txt"), "folder")
    assert [one.path for one in talk.list_artifacts(run, "folder")] == ["folder/file.txt"]
    talk.set_terminated(run)
    talk.create_registered_model("made")

    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", running.viewer)
    (found,) = talk.search_runs([home])
    assert (found.data.metrics, found.data.params) == ({"m": 1.0}, {"p": "x"})
    (tmp_path / "down").mkdir()
    assert (
        Path(talk.download_artifacts(run, "folder/file.txt", str(tmp_path / "down"))).read_text() == "content"
    )
    with pytest.raises(MlflowException, match="PERMISSION_DENIED: this needs the role editor"):
        talk.log_metric(run, "m", 2.0)
    with pytest.raises(HTTPError, match="403"):
        talk.log_artifact(run, str(tmp_path / "file.txt"))

    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", running.viewer[:-4] + "AAAA")
    with pytest.raises(MlflowException, match="UNAUTHENTICATED"):
        talk.search_runs([home])


def test_mlflow_behind_us_refuses_nothing_that_was_let_through(running: Running) -> None:
    search = f"{running.address}/ajax-api/2.0/mlflow/experiments/search"
    bearer = {"authorization": f"Bearer {running.viewer}"}
    editor = {"authorization": f"Bearer {running.editor}"}
    create = f"{running.address}/api/2.0/mlflow/experiments/create"
    folder = post(create, json={"name": "with a folder"}, headers=editor).json()["experiment_id"]
    files = f"{running.address}/api/2.0/mlflow-artifacts/artifacts?path={folder}"
    for host, origin in (
        ("team.example.org", "https://team.example.org"),
        ("team.example.org:8000", "http://team.example.org:8000"),
        ("team.example.org", "https://pages.example.org"),
        ("a.example.net", "https://a.example.net"),
        ("[fd00::1]:8000", "http://[fd00::1]:8000"),
        ("[fd00::1]", "https://[fd00::1]"),
        ("localhost", "http://localhost"),
    ):
        headers = {**bearer, "host": host, "origin": origin}
        found = post(search, json={"max_results": 1}, headers=headers)
        assert found.status_code == 200, (host, origin, found.text)
        assert get(files, headers=headers).status_code == 200
    assert found.headers.get("access-control-allow-origin") is None
    refused = post(search, json={}, headers={**bearer, "origin": "http://localhost:5173"})
    assert refused.status_code == 403


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({}, 101),  # lets nobody in: Socket.IO asks for a token when its client connects
        ({"authorization": "Bearer x"}, 401),
        ({"origin": "http://evil.example"}, 403),
        ({"host": "evil.example"}, 403),
        ({"token": True}, 101),
        ({"token": True, "origin": "https://pages.example.org"}, 101),
        ({"token": True, "origin": "http://evil.example"}, 403),
        ({"token": True, "host": "evil.example"}, 403),
    ],
    ids=str,
)
def test_websocket_handshakes(running: Running, change: dict[str, object], status: int) -> None:
    headers = {
        "host": "localhost", "connection": "Upgrade", "upgrade": "websocket", "sec-websocket-version": "13",
        "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
        **{name: str(value) for name, value in change.items() if name != "token"},
    }  # fmt: skip
    query = f"&token={running.viewer}" if change.get("token") else ""
    url = f"{running.address}/socket.io/?EIO=4&transport=websocket{query}"
    with httpx.stream("GET", url, headers=headers, timeout=BUSY_S) as found:
        assert found.status_code == status


def _cookie(running: Running) -> str:
    """What a browser sends along after it signed in."""
    form = {"email": "viewer@example.org", "password": PASSWORD}
    found = post(f"{running.address}/login", data=form)
    assert found.status_code == 303
    return f"veritrain_session={found.cookies['veritrain_session']}"


WAYS = [
    ("cookie", True), ("header", True), ("address", True), ("auth", True), ("nothing", False), ("another's", False),
    ("another's auth", False),
]  # fmt: skip


def _shown(running: Running, way: str) -> tuple[dict[str, str], str]:
    """Headers and the end of the query by which a client shows who it is."""
    if way == "cookie":
        return {"Cookie": _cookie(running)}, ""
    if way == "header":
        return {"Authorization": f"Bearer {running.viewer}"}, ""
    if way == "another's":
        return {"Authorization": f"Bearer {running.viewer[:-4]}AAAA"}, ""
    return {}, f"&token={running.viewer}" if way == "address" else ""


@pytest.mark.parametrize(
    ("way", "let_in", "transport"),
    [
        *((way, let_in, "websocket") for way, let_in in WAYS),
        # A client that polls waits for its last request, which the server answers after half a minute.
        pytest.param("auth", True, "polling", marks=pytest.mark.slow),
        pytest.param("another's auth", False, "polling", marks=pytest.mark.slow),
    ],
)
def test_socket_io_is_for_who_shows_a_login_with_the_handshake_or_by_its_auth(
    running: Running, way: str, let_in: bool, transport: str
) -> None:
    headers, query = _shown(running, way)
    client = socketio.Client(reconnection=False)
    auth = {"auth": {"token": running.viewer}, "another's auth": {"token": f"{running.viewer[:-4]}AAAA"}}
    try:
        client.connect(
            f"{running.address}?{query}", headers=headers, transports=[transport], wait_timeout=120, auth=auth.get(way)
        )  # fmt: skip
    except NotConnected:
        assert not let_in
        return
    assert client.call("subscribe", {"type": "notifications"}, timeout=120) == {"ok": True}
    client.disconnect()
    assert let_in


@pytest.mark.parametrize("way", ["cookie", "header", "address", "another's"])
def test_a_session_that_began_with_a_login_shows_it_with_each_poll(running: Running, way: str) -> None:
    headers, query = _shown(running, way)
    place = f"{running.address}/socket.io/?EIO=4&transport=polling"
    opened = get(f"{place}{query}", headers=headers)
    assert opened.status_code == (200 if way != "another's" else 401)
    if way != "another's":
        session = json.loads(opened.text[1:])["sid"]
        for headers_then, query_then, status in ((headers, query, 200), ({}, "", 401)):
            sent = post(f"{place}&sid={session}{query_then}", headers=headers_then, content="40")
            assert sent.status_code == status


def test_a_session_without_a_login_hears_nothing_but_a_refusal(running: Running) -> None:
    place = f"{running.address}/socket.io/?EIO=4&transport=polling"
    place += f"&sid={json.loads(get(place).text[1:])['sid']}"
    assert post(place, content='42["subscribe",{"type":"notifications"}]').status_code == 200
    assert post(place, content='40{"token":"none"}').status_code == 200
    assert get(place).text.startswith('44{"message":"this token is not valid"')


def test_a_body_without_a_length_is_counted_on_the_wire(running: Running) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(11):
            yield b"x" * 1024 * 1024

    headers = {"authorization": f"Bearer {running.editor}"}
    try:
        found = post(f"{running.address}/api/2.0/mlflow/runs/log-batch", content=chunks(), headers=headers)
    except httpx.WriteError:
        return  # the server hung up while we were still sending
    assert found.status_code == 413


def test_paths_that_a_client_does_not_tidy_up(running: Running) -> None:
    host, port = running.address.removeprefix("http://").split(":")
    for path in ("/../mlflow.db", "/static-files/../../handlers.py", "/a/%2e%2e/b", "/a\\..\\b"):
        with socket.create_connection((host, int(port)), timeout=20) as line:
            request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {running.viewer}\r\nConnection: close\r\n\r\n"
            line.sendall(request.encode())
            answer = b"".join(iter(lambda: line.recv(65536), b""))
        assert answer.startswith(b"HTTP/1.1 400"), (path, answer[:200])
