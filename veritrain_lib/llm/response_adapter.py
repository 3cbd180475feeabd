"""Functions that convert non-standard responses of OpenAI-compatible services to a standard answer or error."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from veritrain_lib.llm.streamed_answer import assemble_stream

if TYPE_CHECKING:
    from veritrain_lib.llm.connection import HttpResponse

RETRYABLE = re.compile(
    r"overload|unavailable|timeout|timed out|server_error|internal|busy|capacity|loading", re.I
)
"""Pattern that matches the code or message of an error that another attempt may fix."""
RATE_LIMITED = re.compile(r"rate.?limit|too many requests|quota|throttl", re.I)

MAX_MESSAGE_CHARACTERS = 300


def normalize_response(received: HttpResponse) -> HttpResponse:
    """Return a chat service's response with its true status, and with a streamed answer joined into one.

    An error inside a response with status 200 gets the status that it stands for: the one it names, or else
    429 for rate limits, 503 for errors that another attempt may fix, and 400 for all others.
    """
    if not 200 <= received.status < 300:
        return received
    body = assemble_stream(received.body) or received.body
    content = _json(body)
    received = replace(received, status=200, body=body)
    if not isinstance(content, Mapping) or content.get("choices"):
        return received
    code, message = error_in(content)
    if not (code or message):
        return received
    return replace(received, status=_status(code, message, content))


def error_in(content: object) -> tuple[str, str]:
    """Return code and message of the error in a chat service's response; two empty texts without an error.

    The usual shapes are recognized: `{"error": {"code", "type", "message"}}`, `{"error": "text"}`,
    `{"object": "error", "message"}`, `{"detail"}`, `{"errors": [...]}`, `{"code", "message"}`, and a list
    that begins with one of these.

    Args:
        content: The response's JSON, already parsed.
    """
    if isinstance(content, list) and content:
        return error_in(content[0])
    if not isinstance(content, Mapping):
        return "", ""
    error: Any = content.get("error") or content.get("errors") or content.get("detail")
    if error is None and (content.get("object") == "error" or {"message", "code"} <= set(content)):
        error = content
    if error is None and isinstance(content.get("message"), str) and "choices" not in content:
        error = content
    if isinstance(error, list) and error:
        error = error[0]
    if isinstance(error, Mapping):
        code = error.get("code") or error.get("type") or error.get("status") or content.get("code") or ""
        message = error.get("message") or error.get("msg") or error.get("detail") or error.get("error") or ""
        inner = error.get("metadata")
        if isinstance(inner, Mapping) and isinstance(inner.get("raw"), str):
            message = f"{message}: {inner['raw']}"
        return str(code), _line(message)
    return "", _line(error) if error else ""


def page_title(body: bytes) -> str:
    """Return the title of a web page that came instead of a chat answer; an empty text if the body is no web page."""
    text = body[:20_000].decode("utf-8", "replace")
    if not re.match(r"\s*(?:<!doctype html|<html|<\?xml|<head|<body)", text, re.I):
        return ""
    title = re.search(r"<title[^>]*>(.*?)</title>", text, re.I | re.S) or re.search(
        r"<h1[^>]*>(.*?)</h1>", text, re.I | re.S
    )
    return _line(re.sub(r"<[^>]+>", " ", title[1])) if title else "untitled"


def summarize_body(body: bytes) -> str:
    """Return the most informative line of a response that is not a chat answer, for an error message.

    It is the message of its error, or the title of its web page, or else the beginning of its text.
    """
    _, message = error_in(_json(body))
    if message:
        return message
    title = page_title(body)
    if title:
        return f"a web page, {title!r}"
    return _line(body[:2000].decode("utf-8", "replace")) or "nothing at all"


def _status(code: str, message: str, content: Mapping[str, Any]) -> int:
    status = code if code.isdecimal() else str(content.get("status") or content.get("statusCode") or "")
    if status.isdecimal() and 400 <= int(status) < 600:
        return int(status)
    if RATE_LIMITED.search(code):
        return 429
    return 503 if RETRYABLE.search(f"{code} {message}") else 400


def _json(body: bytes) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _line(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return " ".join(text.split())[:MAX_MESSAGE_CHARACTERS]
