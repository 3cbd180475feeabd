"""Masking of secrets inside a Jupyter kernel: it sends no secret of its environment, whichever program runs the cells.

Our engine masks secrets when it saves a notebook. Plain papermill and Jupyter save what the kernel sends, so a warm
kernel, and every kernel in which a stage starts, masks them before it sends anything. The secrets are those in the
kernel's environment at that moment, including variables that a cell has set.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Mapping
from typing import Any

from veritrain_lib.redaction import redactor
from veritrain_lib.redaction.notebook import redacted_display

DISPLAY_MESSAGES = {"display_data", "update_display_data", "execute_result"}
"""Types of kernel messages that display a result."""
ERROR_MESSAGES = {"error", "execute_reply"}
"""Types of kernel messages that report an error."""
MIN_SECRET_PREFIX = 4
"""Number of a secret's first characters at the end of a printed text from which that end is held back.

It is sent together with the next text, when it is known whether the rest of the secret follows.
"""

_MARKER = "_veritrain_hides"


def redact_session(session: Any) -> None:
    """Make a Jupyter kernel mask secrets of its environment in all messages that it sends.

    Args:
        session: The kernel's `jupyter_client.session.Session`, whose `send` is replaced.
    """
    if not getattr(session, _MARKER, False):
        setattr(session, _MARKER, True)
        session.send = _RedactingSend(session.send)


def redact_current_kernel() -> None:
    """Mask secrets in all messages that this process sends as a Jupyter kernel; do nothing if it is not a kernel."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    session = getattr(getattr(shell, "kernel", None), "session", None)
    if session is not None:
        redact_session(session)


class _RedactingSend:
    """Replacement for the `send` method of a Jupyter session that masks secrets in outputs and errors."""

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
        """Send a printed text with secrets masked, but hold back an end that may be the beginning of a secret.

        Args:
            payload: Content of the message.
            request: Id of the request whose cell printed the text.
            send: Function that sends a content.
        """
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
