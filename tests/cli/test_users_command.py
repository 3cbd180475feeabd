"""`veritrain users`: accounts without a server, and never a password in an argument."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from veritrain_lib.cli.main import cli
from veritrain_lib.core.errors import UserError

PASSWORD = "a password for tests"


def _run(*words: str, answer: str | None = None, **environment: Any) -> Result:
    return CliRunner().invoke(cli, ["users", *words], input=answer, env=environment, standalone_mode=False)


def test_accounts_are_added_listed_changed_and_shut(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from veritrain_lib.server.environment import environment

    monkeypatch.delenv("DATABASE_URL", raising=False)
    added = _run("add", "Ann@example.org", "--role", "admin", VERITRAIN_PASSWORD=PASSWORD)
    assert added.exit_code == 0, added.exception
    assert "ann@example.org is admin now" in added.stdout
    asked = _run("add", "bo@example.org", "--json", answer=f"{PASSWORD}\n{PASSWORD}\n")
    assert json.loads(asked.stdout)["role"] == "viewer"
    assert PASSWORD not in asked.output
    assert isinstance(_run("add", "bo@example.org", VERITRAIN_PASSWORD=PASSWORD).exception, UserError)
    assert isinstance(_run("add", "cy@example.org", VERITRAIN_PASSWORD="short").exception, UserError)

    assert _run("role", "bo@example.org", "editor").exit_code == 0
    assert _run("disable", "bo@example.org").exit_code == 0
    listed = _run("list", "--json")
    rows = [json.loads(line) for line in listed.stdout.splitlines()]
    assert [(one["email"], one["role"], one["is_active"]) for one in rows] == [
        ("ann@example.org", "admin", True), ("bo@example.org", "editor", False),
    ]  # fmt: skip
    assert "argon2" not in listed.stdout
    assert "last active admin" in str(_run("role", "ann@example.org", "viewer").exception)
    assert "no account" in str(_run("disable", "nobody@example.org").exception)

    from veritrain_lib.server.auth import passwords, users

    assert _run("password", "bo@example.org", VERITRAIN_PASSWORD="another password").exit_code == 0
    assert passwords.verify_password("another password", users.by_email("bo@example.org").password)

    monkeypatch.delenv("SECRET_KEY", raising=False)
    environment.cache_clear()
    assert "SECRET_KEY is not set" in str(_run("token", "ann@example.org", "--name", "ci").exception)
    monkeypatch.setenv("SECRET_KEY", "a secret of the tests that is long enough")
    environment.cache_clear()
    made = _run("token", "ann@example.org", "--name", "ci", "--days", "1")
    assert made.stdout.count(".") == 2
    environment.cache_clear()
