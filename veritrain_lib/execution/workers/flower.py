"""Flower, Celery's page for its tasks and workers: how its process is started, and the password that opens it.

Flower shows and changes everything, so it asks for a password that only this project's server knows. The server passes on
the requests of signed-in admins (`server/web/flower.py`).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import sys
from collections.abc import Mapping

from veritrain_lib.llm.keys import setting

USER = "veritrain"
"""User name that Flower asks for."""

URL_PREFIX = "flower"
"""First part of the path of Flower's pages, there and at our server."""

LOCAL_ADDRESS = "http://127.0.0.1:5555"
"""Where our server finds Flower if `VERITRAIN_FLOWER_URL` is not set."""

PURPOSE = b"password of Flower"
"""What the password is derived for, so that it is none of the server's other secrets."""


def url() -> str:
    """Return where Flower answers: the setting `VERITRAIN_FLOWER_URL`, or this machine."""
    return (setting("VERITRAIN_FLOWER_URL") or LOCAL_ADDRESS).rstrip("/")


def password(secret: str) -> str:
    """Return Flower's password: the setting `VERITRAIN_FLOWER_PASSWORD`, or one that is derived from a secret.

    Args:
        secret: The secret of the server: `SECRET_KEY`, or the token of its access link.
    """
    derived = hmac.new(secret.encode(), PURPOSE, hashlib.sha256).hexdigest()
    return setting("VERITRAIN_FLOWER_PASSWORD") or derived


def authorization(secret: str) -> str:
    """Return the value of the header `Authorization` that opens Flower."""
    return "Basic " + base64.b64encode(f"{USER}:{password(secret)}".encode()).decode()


def command(host: str, port: int) -> list[str]:
    """Return the command that starts Flower on an address and a port."""
    return [
        sys.executable, "-m", "celery", "-A", "veritrain_lib.celery_app", "flower", f"--address={host}",
        f"--port={port}", f"--url_prefix={URL_PREFIX}",
    ]  # fmt: skip


def environment(secret: str) -> Mapping[str, str]:
    """Return the variables that Flower's process needs; the password is not in its arguments, which others can read."""
    return {"FLOWER_BASIC_AUTH": f"{USER}:{password(secret)}"}
