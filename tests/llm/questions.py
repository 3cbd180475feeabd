"""Requests for the tests of this room."""

from __future__ import annotations

from typing import Any

from veritrain_lib.llm.records import ChatRequest, Message

LABEL = {"type": "object", "properties": {"label": {"enum": ["yes", "no"]}}, "required": ["label"]}


def question(text: str = "Is it?", **options: Any) -> ChatRequest:
    """One request."""
    return ChatRequest((Message("user", text),), **({"max_tokens": 20} | options))


def questions(count: int, about: str = "row", **options: Any) -> list[ChatRequest]:
    """Requests that differ."""
    return [question(f"{about} {number}", **options) for number in range(count)]
