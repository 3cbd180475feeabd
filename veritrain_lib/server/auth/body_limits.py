"""Size limits of request bodies: the limit of each path, and a wrapper that enforces it while a body is read."""

from __future__ import annotations

import re

from starlette.datastructures import Headers
from starlette.types import Message, Receive, Scope, Send

from veritrain_lib.server.auth.refusal import Refusal
from veritrain_lib.server.environment import Environment

MEGABYTE = 1024 * 1024

DEFAULT_BODY_MB = 10
"""Maximum size of a request body in megabytes, except for uploads of datasets and of MLflow artifacts."""

UPLOAD_PATH = re.compile(r"/api/v1/datasets(/.*)?")
"""Regular expression for paths to which a dataset's file is uploaded."""
ARTIFACT_PATH = re.compile(r"/(ajax-)?api/2\.0/(mlflow-artifacts/.*|mlflow/upload-artifact)")
"""Regular expression for paths to which MLflow's clients upload artifacts."""


def allowed_bytes(scope: Scope, headers: Headers, settings: Environment) -> int:
    """Return the largest allowed size of a request's body, in bytes, which depends on its path and content type."""
    path = scope["path"]
    if ARTIFACT_PATH.fullmatch(path):
        return settings.artifact_mb * MEGABYTE
    if UPLOAD_PATH.fullmatch(path) and headers.get("content-type", "").lower().startswith(
        "multipart/form-data"
    ):
        return settings.upload_mb * MEGABYTE
    return DEFAULT_BODY_MB * MEGABYTE


class LimitedBody:
    """Wrapper of `receive` and `send` of one ASGI request that stops reading its body at the size limit.

    The client then gets status 413, whatever the application does with the interrupted body, unless its response has
    already begun.

    Raises:
        Refusal: In the constructor: 413 if `Content-Length` is above the limit, 400 if it is not a number.

    Attributes:
        too_large: Whether more than the allowed number of bytes has arrived.
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
        """Return the error response (413) for a body of more than `max_bytes` bytes."""
        return Refusal(413, f"the body is larger than {max_bytes // MEGABYTE} MB", {"Connection": "close"})

    @property
    def refusal(self) -> Refusal | None:
        """Return the 413 response to send because the body was too large.

        The result is None if the body was not too large, or if a response has already begun.
        """
        return (
            self._too_large_refusal(self._max_bytes)
            if self.too_large and not self._response_started
            else None
        )

    async def receive(self) -> Message:
        """Return the next ASGI message of the request and count the bytes of its body.

        Raises:
            Refusal: 413, the body has more bytes than allowed.
        """
        message = await self._receive()
        if message["type"] == "http.request":
            self._bytes_read += len(message.get("body", b""))
            if self._bytes_read > self._max_bytes:
                self.too_large = True
                raise self._too_large_refusal(self._max_bytes)
        return message

    async def send(self, message: Message) -> None:
        """Send an ASGI message of the response; drop it if the body was too large and no response has begun.

        The gatekeeper sends the 413 response in its place.
        """
        if self.too_large and not self._response_started:
            return
        self._response_started = True
        await self._send(message)
