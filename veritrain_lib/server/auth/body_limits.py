"""Size limits of request bodies: the limit of each path, and a wrapper that enforces it while the body is read."""

from __future__ import annotations

import re

from starlette.datastructures import Headers
from starlette.types import Message, Receive, Scope, Send

from veritrain_lib.server.auth.refusal import Refusal
from veritrain_lib.server.environment import Environment

MEGABYTE = 1024 * 1024

DEFAULT_BODY_MB = 10
"""Largest body, in megabytes, of a request that is no upload."""

UPLOAD_PATH = re.compile(r"/api/v1/datasets(/.*)?")
ARTIFACT_PATH = re.compile(r"/(ajax-)?api/2\.0/(mlflow-artifacts/.*|mlflow/upload-artifact)")


def allowed_bytes(scope: Scope, headers: Headers, settings: Environment) -> int:
    """Return the largest allowed size of a request body, in bytes."""
    path = scope["path"]
    if ARTIFACT_PATH.fullmatch(path):
        return settings.artifact_mb * MEGABYTE
    if UPLOAD_PATH.fullmatch(path) and headers.get("content-type", "").lower().startswith(
        "multipart/form-data"
    ):
        return settings.upload_mb * MEGABYTE
    return DEFAULT_BODY_MB * MEGABYTE


class LimitedBody:
    """Body of one request, whose bytes are counted while it is read; reading stops when it is too large.

    Whatever the application makes of the interrupted read, the client gets status 413, unless the application had already
    started its response.

    Attributes:
        too_large: Whether more than the allowed number of bytes came.
    """

    def __init__(self, headers: Headers, max_bytes: int, receive: Receive, send: Send) -> None:
        declared = headers.get("content-length", "0")
        if not declared.isdecimal():
            raise Refusal(400, "Content-Length is not a number")
        if int(declared) > max_bytes:
            raise self._too_large_refusal(max_bytes)
        self._max_bytes, self._receive, self._send = max_bytes, receive, send
        self._bytes_read = 0
        self._response_started = False
        self.too_large = False

    @staticmethod
    def _too_large_refusal(max_bytes: int) -> Refusal:
        return Refusal(413, f"the body is larger than {max_bytes // MEGABYTE} MB", {"Connection": "close"})

    @property
    def refusal(self) -> Refusal | None:
        """Return the refusal to send in place of the application's response, or None."""
        return (
            self._too_large_refusal(self._max_bytes)
            if self.too_large and not self._response_started
            else None
        )

    async def receive(self) -> Message:
        """Return the next part of the body.

        Raises:
            Refusal: 413, the body is too large.
        """
        message = await self._receive()
        if message["type"] == "http.request":
            self._bytes_read += len(message.get("body", b""))
            if self._bytes_read > self._max_bytes:
                self.too_large = True
                raise self._too_large_refusal(self._max_bytes)
        return message

    async def send(self, message: Message) -> None:
        """Pass on the application's response, unless a refusal must be sent in its place."""
        if self.too_large and not self._response_started:
            return
        self._response_started = True
        await self._send(message)
