"""Addresses are shown without passwords, and what is no password stays."""

from __future__ import annotations

import pytest

from veritrain_lib.redaction import redact_passwords

SHOWN = {
    "postgresql://me:hunter2@db:5432/x": "postgresql://me:***@db:5432/x",
    "postgresql+psycopg://me:hun%40ter2@db/x?sslmode=require": "postgresql+psycopg://me:***@db/x?sslmode=require",
    "postgresql://me:p@ss:w@rd@db/x": "postgresql://me:***@db/x",
    "postgresql://me:12345@db/x": "postgresql://me:***@db/x",
    "redis://:hunter2@cache:6379/0": "redis://:***@cache:6379/0",
    "http://user:pa/ss@host/mlflow": "http://user:***@host/mlflow",
    "https://ghp_0123456789abcdefghij@github.com/a/b": "https://***@github.com/a/b",
    "https://host/x?user=me&password=hunter2&a=b": "https://host/x?user=me&password=***&a=b",
    "https://host/x?sig=abc%2Bdef&se=2026": "https://host/x?sig=***&se=2026",
    "host=db user=me password='two words' dbname=x": "host=db user=me password=*** dbname=x",
    "can't reach postgresql://a:b@h/x, nor http://c:d@k/y": "can't reach postgresql://a:***@h/x, nor http://c:***@k/y",
    "Proxy http://me:hunter2@proxy:3128": "Proxy http://me:***@proxy:3128",
}
LEFT = [
    "sqlite:////tmp/mlflow.db",
    "http://127.0.0.1:5000",
    "http://host:3000/@vite/client",
    "https://host:8080/@scope/package@1.2",
    "write to me@example.org or see https://example.org/a:b",
    '{"url":"http://h:80/x","mail":"x@y.org"}',
    "models:/support@champion",
    "I forgot the password=key rule",
    "ssh://me@host/repository.git",
]


@pytest.mark.parametrize("address", SHOWN)
def test_a_password_is_starred(address: str) -> None:
    assert redact_passwords(address) == SHOWN[address]


@pytest.mark.parametrize("text", LEFT)
def test_a_text_without_a_password_is_left_as_it_is(text: str) -> None:
    assert redact_passwords(text) == text
