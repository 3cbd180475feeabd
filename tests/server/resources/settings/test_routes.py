"""Settings over HTTP: kept, obeyed, or said to be unsupported."""

from __future__ import annotations

import http.server
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from starlette.testclient import TestClient

from tests.server.walked import project_in, server_over
from veritrain_lib.server.database.session import session
from veritrain_lib.server.database.tables import Preference, Setting
from veritrain_lib.server.environment import environment

SYSTEM = "/api/v1/settings/system"
PREFERENCES = "/api/v1/settings/preferences"
CONNECTION = "/api/v1/settings/test-connection"
CLEANUP = "/api/v1/settings/cleanup-storage"


@pytest.fixture(scope="module")
def home(empty_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A project that the tests of this file share."""
    with project_in(tmp_path_factory.mktemp("settings"), empty_store) as folder:
        yield folder


@pytest.fixture(scope="module")
def server(home: Path) -> Iterator[TestClient]:
    with server_over() as client:
        yield client


@pytest.fixture(autouse=True)
def _nothing_is_set(server: TestClient) -> Iterator[None]:
    """What a test sets is forgotten at its end."""
    yield
    with session() as opened:
        for table in (Setting, Preference):
            opened.query(table).delete()
    environment.cache_clear()


def fields(answer: Any) -> list[str]:
    assert answer.status_code == 422, answer.text
    return [one["field"] for one in answer.json()["errors"]]


def test_six_sections_and_what_nothing_obeys(server: TestClient) -> None:
    found = server.get(SYSTEM).json()
    assert list(found)[:6] == ["general", "training", "evaluation", "storage", "api", "security"]
    assert "security.two_factor_enabled" in found["unsupported"]
    for path in found["unsupported"]:
        section, name = path.split(".")
        assert name in found[section], path
    obeyed = {"general.theme", "storage.data_retention_days", "storage.max_storage_gb", "api.timeout_seconds"}
    assert not obeyed & set(found["unsupported"])


def test_everything_sent_back_unchanged_is_accepted(server: TestClient) -> None:
    found = server.get(SYSTEM).json()
    again = server.put(SYSTEM, json=found)
    assert again.status_code == 200, again.text
    assert again.json()["general"] == found["general"]
    storage = {key: one for key, one in found["storage"].items() if key != "current_usage_gb"}
    assert server.put(SYSTEM, json={"storage": storage}).status_code == 200, "as a page client sends it"


def test_parts_are_kept_and_the_rest_stays(server: TestClient) -> None:
    assert server.put(SYSTEM, json={"general": {"theme": "dark"}}).json()["general"]["theme"] == "dark"
    changed = server.put(
        SYSTEM, json={"general": {"timezone": "Asia/Tokyo"}, "api": {"timeoutSeconds": 3}}
    ).json()
    assert changed["general"] == {
        "language": "en", "timezone": "Asia/Tokyo", "theme": "dark", "notifications_enabled": True,
    }  # fmt: skip
    assert changed["api"]["timeout_seconds"] == 3
    assert server.get(SYSTEM).json()["general"] == changed["general"]
    assert server.put(SYSTEM, json={}).json()["general"] == changed["general"]
    assert server.put(SYSTEM, json={"general": None}).status_code == 200
    back = server.post(f"{SYSTEM}/reset").json()
    assert back["general"]["theme"] == "auto"
    assert server.get(SYSTEM).json()["general"] == back["general"]


REFUSED: tuple[tuple[dict[str, Any], str], ...] = (
    ({"security": {"two_factor_enabled": True}}, "body.security.two_factor_enabled"),
    ({"security": {"ip_whitelist": ["10.0.0.1"]}}, "body.security.ip_whitelist"),
    ({"training": {"default_epochs": 7}}, "body.training.default_epochs"),
    ({"evaluation": {"enable_gpt_eval": True}}, "body.evaluation.enable_gpt_eval"),
    ({"storage": {"auto_cleanup_enabled": True}}, "body.storage.auto_cleanup_enabled"),
    (
        {"general": {"theme": "dark", "notifications_enabled": False}},
        "body.general.notifications_enabled",
    ),
    ({"general": {"timezone": "Mars/Olympus"}}, "body.general.timezone"),
    ({"general": {"language": "<b>"}}, "body.general.language"),
    ({"general": {"theme": "loud"}}, "body.general.theme"),
    ({"general": {"colour": "red"}}, "body.general.colour"),
    ({"evaluation": {"default_metrics": ["bleu", "beauty"]}}, "body.evaluation.default_metrics.1"),
    ({"storage": {"data_retention_days": 0}}, "body.storage.data_retention_days"),
    ({"storage": {"max_storage_gb": "much"}}, "body.storage.max_storage_gb"),
    ({"api": {"retry_attempts": 11}}, "body.api.retry_attempts"),
    ({"api": []}, "body.api"),
    ({"weather": {}}, "body.weather"),
    ({"general": {"theme": "d\x00"}}, "body.general.theme"),
)


def test_what_is_not_possible_is_refused_and_nothing_is_kept(server: TestClient) -> None:
    for change, field in REFUSED:
        answer = server.put(SYSTEM, json=change)
        assert fields(answer)[0] == field
        assert answer.json()["message"]
    assert server.get(SYSTEM).json()["general"]["theme"] == "auto"


def test_current_usage_is_measured_and_never_taken(server: TestClient, home: Path) -> None:
    before = server.get(SYSTEM).json()["storage"]["current_usage_gb"]
    assert before > 0, "the database alone"
    sent = server.put(SYSTEM, json={"storage": {"current_usage_gb": 999, "data_retention_days": 5}}).json()
    assert sent["storage"]["current_usage_gb"] == before
    assert sent["storage"]["data_retention_days"] == 5
    (home / "mlruns").mkdir(exist_ok=True)
    (home / "mlruns" / "big").write_bytes(b"x" * 3 * 1024**2)
    server.post(CLEANUP)  # measures anew
    grown = server.get(SYSTEM).json()["storage"]["current_usage_gb"]
    assert grown - before == pytest.approx(3 / 1024, abs=1e-3)


def test_a_record_that_is_full_takes_no_more(server: TestClient) -> None:
    from veritrain_lib.server.http.problems import Conflict
    from veritrain_lib.server.settings.stored import refuse_when_full

    refuse_when_full()
    server.put(SYSTEM, json={"storage": {"max_storage_gb": 0.5}})
    refuse_when_full(1024**2)
    with pytest.raises(Conflict, match=r"max_storage_gb is 0\.5"):
        refuse_when_full(1024**3)


def test_preferences_are_kept_for_the_caller(server: TestClient) -> None:
    found = server.get(PREFERENCES).json()
    assert found["user_id"] == "local"
    assert found["unsupported"] == ["email_notifications", "weekly_summary"]
    page_client = {
        "display_name": "Ada", "email": "ada@example.org", "email_notifications": False,
        "desktop_notifications": True, "weekly_summary": False, "preferred_language": "ja",
        "items_per_page": 5, "default_view": "grid",
    }  # fmt: skip
    kept = server.put(PREFERENCES, json=page_client).json()
    assert {key: kept[key] for key in page_client} == page_client
    backend_client = {key: one for key, one in page_client.items() if key != "email"} | {"display_name": "B"}
    assert server.put(PREFERENCES, json=backend_client).json()["email"] == "ada@example.org"
    assert server.put(PREFERENCES, json=server.get(PREFERENCES).json()).status_code == 200
    assert fields(server.put(PREFERENCES, json={"weekly_summary": True})) == ["body.weekly_summary"]
    assert fields(server.put(PREFERENCES, json={"email": "nobody"})) == ["body.email"]
    assert fields(server.put(PREFERENCES, json={"items_per_page": 101})) == ["body.items_per_page"]


def test_items_per_page_is_the_size_of_a_page_that_nobody_asked_for(server: TestClient) -> None:
    assert server.get("/api/v1/models").json()["page_size"] == 20
    server.put(PREFERENCES, json={"items_per_page": 7})
    assert server.get("/api/v1/models").json()["pageSize"] == 7
    assert server.get("/api/v1/models", params={"pageSize": 9}).json()["page_size"] == 9


def test_each_caller_has_preferences_of_their_own() -> None:
    from veritrain_lib.server.resources.settings.preferences import (
        PreferencesUpdateRequest,
        read_preferences,
        update_preferences,
    )

    update_preferences("a" * 32, PreferencesUpdateRequest(items_per_page=3))
    assert read_preferences("a" * 32).items_per_page == 3
    assert read_preferences("local").items_per_page == 20


class Service(http.server.BaseHTTPRequestHandler):
    """Answers /ok, fails at /broken, leads on from /away, and counts what it was asked."""

    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        Service.asked.append(self.path)
        self.send_response({"/broken": 500, "/away": 302, "/on": 307}.get(self.path, 200))
        if self.path == "/away":
            self.send_header("Location", "http://169.254.169.254/latest/meta-data")
        if self.path == "/on":
            self.send_header("Location", "/ok")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch, home: Path) -> Iterator[str]:
    Service.asked = []
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Service) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{running.server_address[1]}"
        monkeypatch.setenv("OPENAI_BASE_URL", f"{address}/v1")
        yield address
        running.shutdown()


def test_a_configured_service_is_looked_at(service: str, server: TestClient) -> None:
    seen = server.post(CONNECTION, json={"url": f"{service}/ok"}).json()
    assert seen["success"] is True
    assert 0 < seen["latency"] < 10_000
    assert server.post(CONNECTION, json={"url": f"{service}/on"}).json()["success"] is True
    assert server.post(CONNECTION, json={"url": f"{service}/broken"}).json()["success"] is False
    assert Service.asked == ["/ok", "/on", "/ok", "/broken"]


ELSEWHERE = (
    "http://169.254.169.254/latest", "http://10.0.0.1/", "http://[::1]:80/", "http://localhost:22/", "http://0/",
    "https://example.org/", "file:///etc/passwd", "ftp://127.0.0.1/", "javascript:1", "x", "http://",
    "http://127.0.0.1@example.org/", "http://127.0.0.1:99999/", "http://[", "//127.0.0.1",
)  # fmt: skip


def test_nothing_else_is_reached(service: str, server: TestClient) -> None:
    for url in ELSEWHERE:
        assert fields(server.post(CONNECTION, json={"url": url})) == ["body.url"], url
    assert Service.asked == []


def test_tricks_with_a_configured_host_reach_nothing(service: str, server: TestClient) -> None:
    for url in (
        service.replace("http:", "https:"), f"{service}0/ok", service.replace("//", "//me:secret@"),
        f"{service}\\@example.org/", f"{service}.example.org/", f"{service}/ok\r\nX: y",
    ):  # fmt: skip
        assert fields(server.post(CONNECTION, json={"url": url})) == ["body.url"], url
    assert Service.asked == []


def test_an_answer_that_leads_elsewhere_is_not_followed(service: str, server: TestClient) -> None:
    answer = server.post(CONNECTION, json={"url": f"{service}/away"})
    assert fields(answer) == ["body.url"]
    assert Service.asked == ["/away"]


def test_a_service_that_is_down_is_tried_as_often_as_the_setting_says(
    server: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    import httpx2

    tries = []

    def gone(*_: object, **__: object) -> None:
        tries.append(1)
        raise httpx2.ConnectError("no")

    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    monkeypatch.setattr("veritrain_lib.server.resources.settings.connection._get_status", gone)
    server.put(SYSTEM, json={"api": {"retry_attempts": 3, "timeout_seconds": 1}})
    seen = server.post(CONNECTION, json={"url": "http://127.0.0.1:9/"}).json()
    assert seen["success"] is False
    assert seen["message"] == "not reached (ConnectError)"
    assert len(tries) == 4


def test_allowed_origins_may_be_looked_at(
    service: str, server: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    assert fields(server.post(CONNECTION, json={"url": f"{service}/ok"})) == ["body.url"]
    monkeypatch.setenv("ALLOWED_ORIGINS", f"http://localhost:5173, {service}")
    environment.cache_clear()
    assert server.post(CONNECTION, json={"url": f"{service}/ok"}).json()["success"] is True
    environment.cache_clear()


def test_the_rate_limit_is_the_environments_and_says_so(
    server: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VERITRAIN_RATE_LIMIT", "77")
    environment.cache_clear()
    assert server.get(SYSTEM).json()["api"]["rate_limit_per_minute"] == 77
    assert server.put(SYSTEM, json={"api": {"rate_limit_per_minute": 77}}).status_code == 200
    changed = server.put(SYSTEM, json={"api": {"rate_limit_per_minute": 5}})
    assert fields(changed) == ["body.api.rate_limit_per_minute"]
    environment.cache_clear()


def test_only_what_may_go_is_deleted(server: TestClient, home: Path) -> None:
    from veritrain_lib.tracking import store

    talk = store.client()
    day = 86_400_000
    now = int(time.time() * 1000)
    folder = home / ".veritrain" / "running"
    folder.mkdir(parents=True, exist_ok=True)

    def job_log(*, ended: int | None) -> Path:
        run_id = str(talk.create_run("0").info.run_id)
        file = folder / f"work-{run_id}.log"
        file.write_text("x" * 5000)
        if ended is not None:
            talk.set_terminated(run_id, "FINISHED", end_time=ended)
        return file

    old, younger, running = (job_log(ended=ended) for ended in (now - 100 * day, now - 80 * day, None))
    stray = folder / "work-nobody.log"
    stray.write_text("x")

    answer = server.post(CLEANUP).json()
    assert answer["deletedItems"] == answer["deleted_items"] == 1
    assert answer["freedSpace"] == answer["freed_space"] == pytest.approx(5000 / 1024**2)
    assert [file.exists() for file in (old, younger, running, stray)] == [False, True, True, True]

    server.put(SYSTEM, json={"storage": {"data_retention_days": 30}})
    assert server.post(CLEANUP).json()["deletedItems"] == 1
    assert [file.exists() for file in (younger, running, stray)] == [False, True, True]
    assert server.post(CLEANUP).json() == {
        "deleted_items": 0, "deletedItems": 0, "freed_space": 0.0, "freedSpace": 0.0,
    }  # fmt: skip


def test_desks_that_nobody_works_at_are_cleared_away(server: TestClient, home: Path) -> None:
    import json
    import socket

    from veritrain_lib.tracking import runs, store

    talk = store.client()
    run_id = str(talk.create_run("0").info.run_id)
    place = home / ".veritrain" / "running"

    def desk(owner: str, *, notebook: bool) -> Path:
        made = place / f"{owner.replace('/', '~')}~{len(list(place.glob('*')))}"
        made.mkdir(parents=True)
        (made / "status.json").write_text(json.dumps({"run": run_id, "stored": False}))
        if notebook:
            (made / "03_gate.ipynb").write_text("{}")
        return made

    place.mkdir(parents=True, exist_ok=True)
    gone = f"{socket.gethostname()}/99999999/1"
    finished, mine = desk(gone, notebook=True), desk(runs.owner(), notebook=True)
    elsewhere = desk("another-host/1/1", notebook=False)
    assert server.post(CLEANUP).json()["deletedItems"] == 0, "its notebook is not with its run yet"
    runs.log_file(run_id, finished / "03_gate.ipynb", "notebook")
    assert server.post(CLEANUP).json()["deletedItems"] == 0, "its run has not ended"
    talk.set_terminated(run_id)
    assert server.post(CLEANUP).json()["deletedItems"] == 1
    assert not finished.exists()
    assert mine.exists()
    assert elsewhere.exists()


def test_expired_tokens_are_forgotten(server: TestClient) -> None:
    from datetime import UTC, datetime, timedelta

    from veritrain_lib.server.database.tables import Token, User

    soon = datetime.now(UTC) + timedelta(hours=1)
    with session() as opened:
        opened.add(User(id="u", email="a@b", password="x", role="viewer"))
        opened.flush()
        for name, end in (("old", soon - timedelta(days=1)), ("new", soon)):
            opened.add(Token(id=name, user_id="u", kind="refresh", family="f", expires_at=end))
    assert server.post(CLEANUP).json()["deletedItems"] == 1
    with session() as opened:
        assert [one.id for one in opened.query(Token)] == ["new"]
