"""Signing in with a browser: the form, the cookie, its silent renewal, and where one is led afterwards."""

from __future__ import annotations

import time
from typing import Any

import httpx
import jwt
import pytest
from starlette.testclient import TestClient

from tests.server.auth.conftest import PASSWORD, Guarded
from veritrain_lib.server.auth import sessions, tokens
from veritrain_lib.server.auth.login_page import safe_target

PAGE = {"accept": "text/html,application/xhtml+xml", "sec-fetch-mode": "navigate"}
FORM = {"email": "viewer@example.org", "password": PASSWORD}


def _browser(guarded: Guarded, **changes: Any) -> TestClient:
    client = guarded.client(**changes)
    found = client.post("/login", data=FORM)
    assert found.status_code == 303, found.text
    return client


def _cookie(found: httpx.Response) -> str:
    (only,) = [one for one in found.headers.get_list("set-cookie") if one.startswith("veritrain_session=")]
    return only


@pytest.mark.parametrize(
    "path", ["/", "/home", "/api/v1/docs", "/get-artifact?path=a%20b&run_uuid=1", "/unknown"]
)
def test_pages_lead_to_the_form_and_back(guarded: Guarded, path: str) -> None:
    client = guarded.client()
    found = client.get(path, headers=PAGE)
    assert found.status_code == 303
    form = client.get(found.headers["location"], headers=PAGE)
    assert form.status_code == 200
    assert "script" not in form.text
    assert "default-src 'none'" in form.headers["content-security-policy"]
    from bs4 import BeautifulSoup

    (kept,) = BeautifulSoup(form.text, "html.parser").select("input[name=next]")
    signed = client.post("/login", data={**FORM, "next": str(kept["value"])})
    assert (signed.status_code, signed.headers["location"]) == (303, path)


@pytest.mark.parametrize("headers", [{}, {"accept": "application/json"}, {**PAGE, "sec-fetch-mode": "cors"}])
def test_programs_and_scripts_get_a_401(guarded: Guarded, headers: dict[str, str]) -> None:
    for path in ("/", "/home", "/api/2.0/mlflow/experiments/get", "/metrics", "/static-files/x.js"):
        found = guarded.client().get(path, headers=headers)
        assert (found.status_code, found.headers["www-authenticate"]) == (401, "Bearer")
        assert found.headers["content-type"] == "application/problem+json"
    assert guarded.client().post("/api/2.0/mlflow/runs/search", headers=PAGE, json={}).status_code == 401


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example", "//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example",
        "/\t/evil.example", "/\n/evil.example", " //evil.example", "javascript:alert(1)", "evil.example",
        "http:evil.example", "/\x00/evil", "//[", "", "/login", "/logout?x=1", "/login?next=/login",
    ],
)  # fmt: skip
def test_no_other_site_is_led_to(guarded: Guarded, target: str) -> None:
    assert safe_target(target) == "/home"
    if target in ("//evil.example", "/\\evil.example", "https://evil.example"):
        found = guarded.client().post("/login", data={**FORM, "next": target})
        assert found.headers["location"] == "/home"


def test_paths_of_our_own_are_gone_on_to() -> None:
    for target in ("/", "/#/experiments/1", "/api/v1/docs?x=//y", "/home"):
        assert safe_target(target) == target


def test_the_cookie_is_out_of_reach(guarded: Guarded) -> None:
    plain = _cookie(guarded.client().post("/login", data=FORM)).lower()
    for flag in ("httponly", "samesite=strict", "path=/", "max-age=1209600"):
        assert flag in plain
    assert "secure" not in plain
    assert "domain" not in plain
    secure = guarded.client(base_url="https://127.0.0.1:8000").post("/login", data=FORM)
    assert "; secure" in _cookie(secure).lower()


def test_a_wrong_password_shows_the_form_again(guarded: Guarded) -> None:
    found = guarded.client().post(
        "/login", data={"email": '"><script>x', "password": "x", "next": '/a"><script>'}
    )
    assert found.status_code == 401
    assert "is wrong" in found.text
    assert "<script" not in found.text
    assert "set-cookie" not in found.headers


@pytest.mark.parametrize(
    ("content", "kind"),
    [(b"", "text/plain"), (b"x", "multipart/form-data"), (b"a=%ff&b", "application/x-www-form-urlencoded"),
     (b"--b\r\n", "multipart/form-data; boundary=b"), (b"email=%00&password=%ed%a0%80", "application/x-www-form-urlencoded")],
)  # fmt: skip
def test_a_form_that_is_none(guarded: Guarded, content: bytes, kind: str) -> None:
    found = guarded.client().post("/login", content=content, headers={"content-type": kind})
    assert found.status_code in (400, 401), found.text


def test_with_the_cookie_mlflow_and_the_api_answer(guarded: Guarded) -> None:
    browser = _browser(guarded)
    assert "<!doctype html>" in browser.get("/", headers=PAGE).text[:200].lower()
    same = {"origin": "http://127.0.0.1:8000"}
    found = browser.post("/ajax-api/2.0/mlflow/experiments/search", json={"max_results": 5}, headers=same)
    assert found.status_code == 200
    assert browser.get("/api/v1/auth/me").json()["email"] == "viewer@example.org"
    foreign = {"origin": "http://evil.example"}
    assert browser.post("/api/v1/auth/logout", headers=foreign).status_code == 403
    assert browser.post("/logout", headers=foreign).status_code == 403
    assert browser.get("/api/v1/auth/me").status_code == 200


def test_signing_out(guarded: Guarded) -> None:
    browser = _browser(guarded)
    old = browser.cookies["veritrain_session"]
    assert browser.get("/logout").status_code == 403  # a link or picture of another page signs nobody out
    found = browser.post("/logout")
    assert (found.status_code, found.headers["location"]) == (303, "/login")
    assert "max-age=0" in _cookie(found).lower()
    stolen = guarded.client(cookies={"veritrain_session": old})
    assert stolen.get("/api/v1/auth/me").status_code == 401


def _later(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """Tokens look that many seconds older; what is signed from now on is signed then."""
    import datetime

    moment = time.time() + seconds

    class Later(datetime.datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return datetime.datetime.fromtimestamp(moment, tz)

    monkeypatch.setattr(jwt.api_jwt, "datetime", Later)
    monkeypatch.setattr(tokens.time, "time", lambda: moment)
    monkeypatch.setattr(sessions, "now", lambda: datetime.datetime.fromtimestamp(moment, datetime.UTC))


@pytest.mark.parametrize("left", [200, -3600])
def test_a_login_in_use_renews_itself(guarded: Guarded, monkeypatch: pytest.MonkeyPatch, left: int) -> None:
    browser = _browser(guarded)
    old = browser.cookies["veritrain_session"]
    assert "set-cookie" not in browser.get("/api/v1/auth/me").headers
    _later(monkeypatch, 900 - left)
    # Ten requests of one page at once bring the old cookie; one renews, all are answered.
    answers = [guarded.client(cookies={"veritrain_session": old}).get("/api/v1/auth/me") for _ in range(3)]
    assert [one.status_code for one in answers] == [200] * 3
    assert ["set-cookie" in one.headers for one in answers] == [True, False, False]
    new = _cookie(answers[0]).partition("=")[2].partition(";")[0]
    assert guarded.client(cookies={"veritrain_session": new}).get("/api/v1/auth/me").status_code == 200
    # Much later the old one is a thief's, and ends the login.
    _later(monkeypatch, 900 - left + 61 if left < 0 else 901 + 61)
    assert guarded.client(cookies={"veritrain_session": old}).get("/api/v1/auth/me").status_code == 401
    assert guarded.client(cookies={"veritrain_session": new}).get("/api/v1/auth/me").status_code == 401


def test_a_login_that_was_not_used_for_two_weeks_is_over(
    guarded: Guarded, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = _browser(guarded)
    _later(monkeypatch, 14 * 24 * 3600 + 1)
    assert browser.get("/api/v1/auth/me").status_code == 401


def test_cookies_that_are_no_session(guarded: Guarded) -> None:
    for content in ("x", "~", "a.b.c~a.b.c", "~" + "x" * 5000, '"'):
        client = guarded.client(headers={"cookie": f"other=1; veritrain_session={content}"})
        assert client.get("/api/v1/auth/me").status_code == 401


def test_without_a_secret_there_is_nothing_to_sign_in_to(
    guarded: Guarded, monkeypatch: pytest.MonkeyPatch
) -> None:
    from starlette.applications import Starlette

    from veritrain_lib.server.auth import login_page
    from veritrain_lib.server.environment import Environment

    monkeypatch.setattr(login_page, "environment", Environment)
    client = TestClient(Starlette(routes=login_page.routes), follow_redirects=False)
    assert client.get("/login?next=/x").headers["location"] == "/x"
    assert client.post("/login", data=FORM).headers["location"] == "/home"
