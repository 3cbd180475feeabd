"""Function that joins a chat answer which a service streams although no stream was requested (server-sent events)."""

from __future__ import annotations

import json
from typing import Any


def assemble_stream(body: bytes) -> bytes | None:
    """Join a service's stream of chunks into one chat completion, as JSON; None if the body is not a full stream.

    A stream that broke off before `[DONE]` and before any `finish_reason` gives None, because its text may be
    cut off. An error in the stream is returned as `{"error": ...}`.
    """
    text = body.decode("utf-8-sig", "replace").lstrip()
    if not text.startswith(("data:", "event:", ":", "id:", "retry:")):
        return None
    chunks, done = _chunks(text)
    completion: dict[str, Any] = {}
    choices: dict[int, dict[str, Any]] = {}
    for chunk in chunks:
        if "error" in chunk and not chunk.get("choices"):
            return json.dumps({"error": chunk["error"]}).encode()
        completion |= {key: value for key, value in chunk.items() if key != "choices" and value is not None}
        for position, piece in enumerate(chunk.get("choices") or []):
            if isinstance(piece, dict):
                _add(choices, position, piece)
    finished = done or any(choice["finish_reason"] for choice in choices.values())
    if not choices or not finished:
        return None
    completion |= {
        "object": "chat.completion",
        "choices": [choices[position] for position in sorted(choices)],
    }
    return json.dumps(completion, ensure_ascii=False).encode()


def _chunks(text: str) -> tuple[list[dict[str, Any]], bool]:
    chunks, done = [], False
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
            chunks.append(chunk)
    return chunks, done


def _add(choices: dict[int, dict[str, Any]], position: int, piece: dict[str, Any]) -> None:
    number = piece.get("index")
    number = number if isinstance(number, int) else position
    choice = choices.setdefault(
        number, {"index": number, "message": {"role": "assistant", "content": ""}, "finish_reason": None}
    )
    message = piece.get("delta") or piece.get("message")
    if isinstance(message, dict):
        for key, value in message.items():
            if key in ("content", "refusal") and isinstance(value, str):
                choice["message"][key] = (choice["message"].get(key) or "") + value
            elif key == "tool_calls":
                choice["message"][key] = value
    choice["finish_reason"] = piece.get("finish_reason") or choice["finish_reason"]
