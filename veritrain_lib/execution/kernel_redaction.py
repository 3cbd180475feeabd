"""A kernel that keeps the secrets of its environment to itself, whoever asked it to run a cell.

Our engine hides them when it saves a notebook. Plain papermill and Jupyter save what the kernel sends, so a warm
kernel, and every kernel in which a stage begins, hides them before it sends anything. It knows its environment as
it is then: also what a cell has put there.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Mapping
from typing import Any

from veritrain_lib.execution.redacted_notebook import redacted_display
from veritrain_lib.redaction import redactor

DISPLAYS = {"display_data", "update_display_data", "execute_result"}
ERRORS = {"error", "execute_reply"}
SHORTEST_BEGINNING = 4
"""Characters of a secret at the end of a printed text from which the rest is waited for."""

_MARK = "_veritrain_hides"


def hide_secrets(session: Any) -> None:
    """Have a kernel's session (`jupyter_client.session.Session`) send nothing that the environment keeps secret."""
    if not getattr(session, _MARK, False):
        setattr(session, _MARK, True)
        session.send = _Sender(session.send)


def hide_secrets_here() -> None:
    """The same for the kernel that this process is; nothing where it is none."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    session = getattr(getattr(shell, "kernel", None), "session", None)
    if session is not None:
        hide_secrets(session)


class _Sender:
    """Takes the place of a session's `send`."""

    def __init__(self, send: Callable[..., Any]) -> None:
        self._send = send
        self._lock = threading.RLock()
        self._busy = False
        self._held: dict[tuple[str, str], tuple[str, Callable[[str], Any]]] = {}  # by stream and request

    def __call__(self, stream: Any, msg_or_type: Any, content: Any = None, *rest: Any, **named: Any) -> Any:
        if isinstance(msg_or_type, str):
            kind, inside = msg_or_type, content
        else:
            kind, inside = msg_or_type.get("msg_type", ""), msg_or_type.get("content")

        def send(hidden: Any) -> Any:
            if isinstance(msg_or_type, str):
                return self._send(stream, msg_or_type, hidden, *rest, **named)
            return self._send(stream, {**msg_or_type, "content": hidden}, content, *rest, **named)

        if kind not in DISPLAYS | ERRORS | {"stream", "status"} or not isinstance(inside, Mapping):
            return send(inside)
        with self._lock:
            if kind == "status":
                self._busy = inside.get("execution_state") == "busy"
                if not self._busy:
                    self._let_go()
                return send(inside)
            if kind == "stream":
                parent = named.get("parent") or (rest[0] if rest else None) or {}
                return self._stream(inside, str(parent.get("header", {}).get("msg_id", "")), send)
            self._let_go()
            return send(_hidden(kind, inside))

    def _stream(self, inside: Mapping[str, Any], request: str, send: Callable[[Any], Any]) -> Any:
        """Send a printed text but for an end that may be the beginning of a secret: the rest may be on its way."""
        known = redactor()
        key = str(inside.get("name", "")), request
        before, _ = self._held.pop(key, ("", send))
        text = before + str(inside.get("text", ""))
        rest = known.begun_at_end(text, SHORTEST_BEGINNING) if self._busy else 0
        now, later = text[: len(text) - rest], text[len(text) - rest :]
        if later:
            self._held[key] = later, lambda words: send({**inside, "text": words})
        return send({**inside, "text": known(now)}) if now else None

    def _let_go(self) -> None:
        for text, send in self._held.values():
            send(redactor()(text))
        self._held.clear()


def _hidden(kind: str, inside: Mapping[str, Any]) -> dict[str, Any]:
    known = redactor()
    if kind in DISPLAYS:
        return {
            **inside,
            "data": dict(redacted_display(inside.get("data", {}), known)),
            "metadata": known.value(inside.get("metadata", {})),
        }
    told = {name: known.value(inside[name]) for name in ("ename", "evalue", "traceback") if name in inside}
    return {**inside, **told}
