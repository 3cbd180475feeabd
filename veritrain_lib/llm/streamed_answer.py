"""A streamed answer though none was asked for (server-sent events), put together as the answer it stands for."""

from __future__ import annotations

import json
from typing import Any


def assembled(body: bytes) -> bytes | None:
    """The chat completion that a stream of chunks adds up to, as JSON; None for a body that is no such stream.

    A stream that broke off before `[DONE]` and before any `finish_reason` is none: its text may be cut.
    """
    text = body.decode("utf-8-sig", "replace").lstrip()
    if not text.startswith(("data:", "event:", ":", "id:", "retry:")):
        return None
    chunks, done = _chunks(text)
    whole: dict[str, Any] = {}
    choices: dict[int, dict[str, Any]] = {}
    for chunk in chunks:
        if "error" in chunk and not chunk.get("choices"):
            return json.dumps({"error": chunk["error"]}).encode()
        whole |= {key: value for key, value in chunk.items() if key != "choices" and value is not None}
        for at, piece in enumerate(chunk.get("choices") or []):
            if isinstance(piece, dict):
                _add(choices, at, piece)
    finished = done or any(choice["finish_reason"] for choice in choices.values())
    if not choices or not finished:
        return None
    whole |= {"object": "chat.completion", "choices": [choices[at] for at in sorted(choices)]}
    return json.dumps(whole, ensure_ascii=False).encode()


def _chunks(text: str) -> tuple[list[dict[str, Any]], bool]:
    found, done = [], False
    for line in text.splitlines():
        name, colon, value = line.partition(":")
        if name != "data" or not colon:
            continue
        if value.strip() == "[DONE]":
            done = True
            continue
        try:
            chunk = json.loads(value)
        except (ValueError, RecursionError):
            continue
        if isinstance(chunk, dict):
            found.append(chunk)
    return found, done


def _add(choices: dict[int, dict[str, Any]], at: int, piece: dict[str, Any]) -> None:
    number = piece.get("index")
    number = number if isinstance(number, int) else at
    choice = choices.setdefault(
        number, {"index": number, "message": {"role": "assistant", "content": ""}, "finish_reason": None}
    )
    given = piece.get("delta") or piece.get("message")
    if isinstance(given, dict):
        for key, value in given.items():
            if key in ("content", "refusal") and isinstance(value, str):
                choice["message"][key] = (choice["message"].get(key) or "") + value
            elif key == "tool_calls":
                choice["message"][key] = value
    choice["finish_reason"] = piece.get("finish_reason") or choice["finish_reason"]
