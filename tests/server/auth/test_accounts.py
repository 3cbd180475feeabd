"""Signing in, accounts and service tokens over the API."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

from tests.server.auth.conftest import PASSWORD, Guarded
from veritrain_lib.core.errors import UserError
from veritrain_lib.server.auth import passwords, users
from veritrain_lib.server.http.problems import Conflict


def test_a_login_says_the_same_whatever_is_wrong(guarded: Guarded, monkeypatch: pytest.MonkeyPatch) -> None:
    verified: list[bool] = []
    real = passwords._hasher().verify

    def counted(given: Any, kept: Any) -> bool:
        verified.append(True)
        return real(given, kept)

    monkeypatch.setattr(passwords._hasher(), "verify", counted)
    client = guarded.client()
    answers = [
        client.post("/api/v1/auth/login", json={"email": email, "password": password})
        for email, password in (
            ("viewer@example.org", "wrong password"), ("nobody@example.org", PASSWORD), ("@", PASSWORD), ("", ""),
        )
    ]  # fmt: skip
    assert [one.status_code for one in answers] == [401] * 4
    assert len({one.text for one in answers}) == 1
    assert len(verified) == 4  # a hash is verified for an address that has no account, too


def test_addresses_differ_in_more_than_case(guarded: Guarded) -> None:
    found = guarded.client().post(
        "/api/v1/auth/login", json={"email": " Viewer@Example.ORG ", "password": PASSWORD}
    )
    assert found.status_code == 200


def test_guessing_is_slowed_down_by_address_and_by_account(guarded: Guarded) -> None:
    users.add("guessed@example.org", PASSWORD, "viewer")
    body = {"email": "guessed@example.org", "password": "a wrong password"}
    client = guarded.client()
    codes = [client.post("/api/v1/auth/login", json=body).status_code for _ in range(11)]
    assert codes == [401] * 10 + [429]
    refused = client.post("/login", data={"email": body["email"], "password": PASSWORD})
    assert refused.status_code == 429  # the form counts as well
    assert int(refused.headers["retry-after"]) >= 1


def test_whoever_guesses_keeps_only_his_own_address_out(
    guarded: Guarded, caplog: pytest.LogCaptureFixture
) -> None:
    users.add("owner@example.org", PASSWORD, "viewer")
    wrong = {"email": "owner@example.org", "password": "a wrong password"}
    for _ in range(11):
        guesser = guarded.client()
        codes = [guesser.post("/api/v1/auth/login", json=wrong).status_code for _ in range(10)]
        assert codes == [401] * 10
    assert any("wrong passwords for one account" in said.message for said in caplog.records)
    right = {"email": "Owner@example.org", "password": PASSWORD}
    assert guesser.post("/api/v1/auth/login", json=right).status_code == 429
    assert guarded.client().post("/api/v1/auth/login", json=right).status_code == 200


def test_who_am_i(guarded: Guarded) -> None:
    found = guarded.signed_in("editor").get("/api/v1/auth/me").json()
    assert found == {"id": users.by_email("editor@example.org").id, "email": "editor@example.org", "role": "editor",
                     "kind": "session"}  # fmt: skip


def test_accounts_are_kept_by_admins(guarded: Guarded) -> None:
    admin = guarded.signed_in("admin")
    body = {"email": "New@example.org", "password": PASSWORD, "role": "viewer", "name": "山田"}
    made = admin.post("/api/v1/auth/users", json=body)
    assert made.status_code == 201, made.text
    assert made.json()["email"] == "new@example.org"
    assert "argon2" not in made.text
    assert "password" not in made.json()
    assert admin.post("/api/v1/auth/users", json=body).status_code == 409
    listed = admin.get("/api/v1/auth/users", params={"pageSize": 2, "page": 1})
    assert listed.json()["total"] >= 4
    assert len(listed.json()["items"]) == 2
    assert "argon2" not in listed.text
    path = f"/api/v1/auth/users/{made.json()['id']}"
    changed = admin.patch(path, json={"role": "editor", "isActive": False})
    assert (changed.json()["role"], changed.json()["is_active"]) == ("editor", False)
    assert admin.delete(path).status_code == 204
    assert admin.delete(path).status_code == 404
    assert admin.patch("/api/v1/auth/users/none%00", json={}).status_code in (400, 404)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"password": "too short"}, "body.password"),
        ({"password": "x" * 257}, "body.password"),
        ({"email": "no address"}, "body.email"),
        ({"email": "a@b\x00"}, "body.email"),
        ({"role": "owner"}, "body.role"),
        ({"name": "two\nlines"}, "body.name"),
        ({"is_superuser": True}, "body.is_superuser"),
    ],
)
def test_what_no_account_can_be(guarded: Guarded, change: dict[str, Any], field: str) -> None:
    body = {"email": "odd@example.org", "password": PASSWORD, "role": "viewer", **change}
    found = guarded.signed_in("admin").post("/api/v1/auth/users", json=body)
    assert found.status_code == 422
    assert [one["field"] for one in found.json()["errors"]] == [field]


def test_the_last_active_admin_stays(guarded: Guarded) -> None:
    admin = guarded.signed_in("admin")
    path = f"/api/v1/auth/users/{users.by_email('admin@example.org').id}"
    assert admin.delete(path).status_code == 409
    assert admin.patch(path, json={"role": "viewer"}).status_code == 409
    assert admin.patch(path, json={"active": False}).status_code == 409
    second = users.add("second@example.org", PASSWORD, "admin")
    users.change(second.id, active=False)
    assert admin.delete(path).status_code == 409  # an admin who is shut out is none
    users.change(second.id, active=True)
    assert admin.patch(path, json={"role": "viewer"}).status_code == 200
    with pytest.raises(UserError, match="last active admin"):
        users.remove(second.id)
    users.change(users.by_email("admin@example.org").id, role="admin")
    users.remove(second.id)


def test_two_admins_who_dismiss_each_other_do_not_both_succeed(guarded: Guarded) -> None:
    first = users.by_email("admin@example.org").id
    for number in range(5):
        second = users.add(f"rival{number}@example.org", PASSWORD, "admin").id
        start = Barrier(2)

        def dismiss(user_id: str, start: Barrier = start) -> bool:
            start.wait()
            try:
                users.change(user_id, role="viewer")
            except Conflict:
                return False
            return True

        with ThreadPoolExecutor(2) as pool:
            assert sorted(pool.map(dismiss, (first, second))) == [False, True]
        users.change(first, role="admin")
        users.remove(second)


def test_a_new_password_ends_the_other_logins(guarded: Guarded) -> None:
    users.add("changing@example.org", PASSWORD, "viewer")
    here, there = (guarded.login("changing@example.org")["access_token"] for _ in range(2))
    client = guarded.client()
    client.headers["Authorization"] = f"Bearer {here}"
    path = "/api/v1/auth/me/password"
    wrong = client.put(path, json={"currentPassword": "not this one", "newPassword": "another password"})
    assert wrong.status_code == 422
    assert wrong.json()["errors"][0]["field"] == "body.current_password"
    assert client.put(path, json={"current_password": PASSWORD, "new_password": "short"}).status_code == 422
    good = {"current_password": PASSWORD, "new_password": "another password"}
    assert client.put(path, json=good).status_code == 204
    assert client.get("/api/v1/auth/me").status_code == 200
    other = guarded.client().get("/api/v1/auth/me", headers={"Authorization": f"Bearer {there}"})
    assert other.status_code == 401
    assert guarded.login("changing@example.org", "another password")


def test_a_new_password_ends_the_service_tokens_of_its_account(guarded: Guarded) -> None:
    users.add("robots@example.org", PASSWORD, "editor")
    admin, program = guarded.signed_in("admin"), guarded.client()
    made = admin.post("/api/v1/auth/tokens", json={"name": "ci", "email": "robots@example.org"}).json()
    program.headers["Authorization"] = f"Bearer {made['token']}"
    assert program.get("/api/v1/auth/me").status_code == 200
    users.set_password(users.by_email("robots@example.org").id, "another password")
    assert program.get("/api/v1/auth/me").status_code == 401


def test_service_tokens(guarded: Guarded) -> None:
    admin = guarded.signed_in("admin")
    body = {"name": "ci", "email": "editor@example.org", "days": 2}
    made = admin.post("/api/v1/auth/tokens", json=body)
    assert made.status_code == 201, made.text
    program = guarded.client()
    program.headers["Authorization"] = f"Bearer {made.json()['token']}"
    assert program.get("/api/v1/auth/me").json()["kind"] == "service"
    created = program.post("/api/2.0/mlflow/experiments/create", json={"name": "by a program"})
    assert created.status_code == 200, created.text
    listed = admin.get("/api/v1/auth/tokens")
    assert [one["id"] for one in listed.json()["items"]] == [made.json()["id"]]
    assert made.json()["token"] not in listed.text
    path = f"/api/v1/auth/tokens/{made.json()['id']}"
    assert admin.delete(path).status_code == 204
    assert admin.delete(path).status_code == 404
    assert program.get("/api/v1/auth/me").status_code == 401
    assert admin.get("/api/v1/auth/tokens").json()["total"] == 0


def test_a_service_token_manages_no_accounts(guarded: Guarded) -> None:
    text = guarded.signed_in("admin").post("/api/v1/auth/tokens", json={"name": "robot"}).json()["token"]
    robot = guarded.client()
    robot.headers["Authorization"] = f"Bearer {text}"
    assert robot.get("/api/2.0/mlflow/webhooks").status_code != 403  # an admin's in everything else
    for method, path in (("GET", "users"), ("POST", "tokens"), ("PUT", "me/password"), ("POST", "users")):
        assert robot.request(method, f"/api/v1/auth/{path}", json={}).status_code == 403
    assert robot.post("/api/v1/auth/logout").status_code == 204  # revokes itself
    assert robot.get("/api/v1/auth/me").status_code == 401


def test_passwords_are_kept_as_argon2id(guarded: Guarded) -> None:
    kept = guarded.real_hasher().hash("a password for tests")
    kind, _, costs = kept.strip("$").split("$")[:3]
    memory, rounds, _ = (int(cost.partition("=")[2]) for cost in costs.split(","))
    assert kind == "argon2id"
    assert memory >= 19 * 1024  # KiB; OWASP's least, with 2 rounds
    assert rounds >= 2


def test_half_characters_break_nothing(guarded: Guarded) -> None:
    half = b'"\\ud800 and eleven more"'
    for path, body in (
        ("login", b'{"email": "a@b", "password": ' + half + b"}"),
        ("login", b'{"email": ' + half + b', "password": "x"}'),
        ("users", b'{"email": "a@b", "password": ' + half + b"}"),
        ("users", b'{"email": "a@b", "name": ' + half + b', "password": "a password for tests"}'),
    ):
        client = guarded.signed_in("admin")
        found = client.post(
            f"/api/v1/auth/{path}", content=body, headers={"content-type": "application/json"}
        )
        assert found.status_code in (401, 422), found.text
