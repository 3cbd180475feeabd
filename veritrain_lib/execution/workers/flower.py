"""Address, start command and password of Flower, the monitoring pages of Celery.

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
"""First part of the path of Flower's pages, on Flower itself and on Veri-Train's server."""

LOCAL_ADDRESS = "http://127.0.0.1:5555"
"""Address of Flower if `VERITRAIN_FLOWER_URL` is not set."""

PURPOSE = b"password of Flower"
"""Message of the HMAC that derives the password, so that the password differs from all other values derived from the secret."""


def url() -> str:
    """Return the address of Flower: the setting `VERITRAIN_FLOWER_URL`, or by default port 5555 of this machine."""
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
    """Return the command that starts Flower.

    Args:
        host: Address to listen on.
        port: Port to listen on.
    """
    return [
        sys.executable, "-m", "celery", "-A", "veritrain_lib.celery_app", "flower", f"--address={host}",
        f"--port={port}", f"--url_prefix={URL_PREFIX}",
    ]  # fmt: skip


def environment(secret: str) -> Mapping[str, str]:
    """Return the environment variables of Flower's process: its password, since other users can read its arguments."""
    return {"FLOWER_BASIC_AUTH": f"{USER}:{password(secret)}"}
