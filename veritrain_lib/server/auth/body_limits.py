"""How large a body may be."""

from __future__ import annotations

import re

from starlette.datastructures import Headers
from starlette.types import Message, Receive, Scope, Send

from veritrain_lib.server.auth.refusal import Refusal
from veritrain_lib.server.environment import Environment

MEGABYTE = 1024 * 1024

USUAL_MB = 10
"""Megabytes of any body that is no upload."""

UPLOADS = re.compile(r"/api/v1/datasets(/.*)?")
ARTIFACTS = re.compile(r"/(ajax-)?api/2\.0/(mlflow-artifacts/.*|mlflow/upload-artifact)")


def allowed_bytes(scope: Scope, headers: Headers, settings: Environment) -> int:
    """The most bytes that the body of a request may have."""
    path = scope["path"]
    if ARTIFACTS.fullmatch(path):
        return settings.artifact_mb * MEGABYTE
    if UPLOADS.fullmatch(path) and headers.get("content-type", "").lower().startswith("multipart/form-data"):
        return settings.upload_mb * MEGABYTE
    return USUAL_MB * MEGABYTE


class MeasuredBody:
    """The body of one request, counted while it is read; what is too large ends the reading.

    The application behind may make of that end what it likes: the answer is 413 in any case, unless it had
    begun to answer before.
    """

    def __init__(self, headers: Headers, most: int, receive: Receive, send: Send) -> None:
        declared = headers.get("content-length", "0")
        if not declared.isdecimal():
            raise Refusal(400, "Content-Length is no number")
        if int(declared) > most:
            raise self._refusal(most)
        self._most, self._receive, self._send = most, receive, send
        self._read = 0
        self._answered = False
        self.too_large = False

    @staticmethod
    def _refusal(most: int) -> Refusal:
        return Refusal(413, f"the body is larger than {most // MEGABYTE} MB", {"Connection": "close"})

    @property
    def refusal(self) -> Refusal | None:
        """What is to be answered in the application's place."""
        return self._refusal(self._most) if self.too_large and not self._answered else None

    async def receive(self) -> Message:
        """The next part of the body. Raises Refusal when there is too much of it."""
        message = await self._receive()
        if message["type"] == "http.request":
            self._read += len(message.get("body", b""))
            if self._read > self._most:
                self.too_large = True
                raise self._refusal(self._most)
        return message

    async def send(self, message: Message) -> None:
        """Hand the application's answer on, unless another is due."""
        if self.too_large and not self._answered:
            return
        self._answered = True
        await self._send(message)
