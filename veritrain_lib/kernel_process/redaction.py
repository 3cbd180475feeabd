"""Redaction inside a kernel: it sends no secret of its environment, whoever asked it to run a cell.

Our engine removes secrets when it saves a notebook. Plain papermill and Jupyter save what the kernel sends, so a
warm kernel, and every kernel in which a stage starts, removes them before it sends anything. It uses its environment
as it is at that moment, including what a cell has put there.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Mapping
from typing import Any

from veritrain_lib.redaction import redactor
from veritrain_lib.redaction.notebook import redacted_display

DISPLAY_MESSAGES = {"display_data", "update_display_data", "execute_result"}
ERROR_MESSAGES = {"error", "execute_reply"}
MIN_SECRET_PREFIX = 4
"""A printed text that ends in so many first characters of a secret is held back until the rest arrives."""

_MARKER = "_veritrain_hides"


def redact_session(session: Any) -> None:
    """Have a kernel's session remove secrets of the environment from all that it sends.

    Args:
        session: A `jupyter_client.session.Session`; its `send` is replaced.
    """
    if not getattr(session, _MARKER, False):
        setattr(session, _MARKER, True)
        session.send = _RedactingSend(session.send)


def redact_current_kernel() -> None:
    """Remove secrets from what this process's kernel sends; do nothing where this process is not a kernel."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    session = getattr(getattr(shell, "kernel", None), "session", None)
    if session is not None:
        redact_session(session)


class _RedactingSend:
    """A replacement for a session's `send` that removes secrets."""

    def __init__(self, send: Callable[..., Any]) -> None:
        self._send = send
        self._lock = threading.RLock()
        self._busy = False
        self._pending: dict[tuple[str, str], tuple[str, Callable[[str], Any]]] = {}  # by stream and request

    def __call__(
        self, stream: Any, msg_or_type: Any, content: Any = None, *remaining_args: Any, **named: Any
    ) -> Any:
        if isinstance(msg_or_type, str):
            kind, payload = msg_or_type, content
        else:
            kind, payload = msg_or_type.get("msg_type", ""), msg_or_type.get("content")

        def send(redacted: Any) -> Any:
            if isinstance(msg_or_type, str):
                return self._send(stream, msg_or_type, redacted, *remaining_args, **named)
            return self._send(stream, {**msg_or_type, "content": redacted}, content, *remaining_args, **named)

        if kind not in DISPLAY_MESSAGES | ERROR_MESSAGES | {"stream", "status"} or not isinstance(
            payload, Mapping
        ):
            return send(payload)
        with self._lock:
            if kind == "status":
                self._busy = payload.get("execution_state") == "busy"
                if not self._busy:
                    self._flush_pending()
                return send(payload)
            if kind == "stream":
                parent = named.get("parent") or (remaining_args[0] if remaining_args else None) or {}
                return self._stream(payload, str(parent.get("header", {}).get("msg_id", "")), send)
            self._flush_pending()
            return send(_redacted_content(kind, payload))

    def _stream(self, payload: Mapping[str, Any], request: str, send: Callable[[Any], Any]) -> Any:
        """Send a printed text, but hold back an end that may be the start of a secret."""
        current_redactor = redactor()
        key = str(payload.get("name", "")), request
        pending, _ = self._pending.pop(key, ("", send))
        text = pending + str(payload.get("text", ""))
        withheld_length = current_redactor.partial_secret_length(text, MIN_SECRET_PREFIX) if self._busy else 0
        now, withheld = text[: len(text) - withheld_length], text[len(text) - withheld_length :]
        if withheld:
            self._pending[key] = withheld, lambda text: send({**payload, "text": text})
        return send({**payload, "text": current_redactor(now)}) if now else None

    def _flush_pending(self) -> None:
        for text, send in self._pending.values():
            send(redactor()(text))
        self._pending.clear()


def _redacted_content(kind: str, payload: Mapping[str, Any]) -> dict[str, Any]:
    current_redactor = redactor()
    if kind in DISPLAY_MESSAGES:
        return {
            **payload,
            "data": dict(redacted_display(payload.get("data", {}), current_redactor)),
            "metadata": current_redactor.value(payload.get("metadata", {})),
        }
    redacted = {
        name: current_redactor.value(payload[name])
        for name in ("ename", "evalue", "traceback")
        if name in payload
    }
    return {**payload, **redacted}
