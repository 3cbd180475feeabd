"""The URI of a chat model with its generation settings, such as `openai:/MODEL?temperature=0&candidates=3`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import parse_qsl

from veritrain_lib.core.errors import UserError
from veritrain_lib.llm.providers import FORMS, PROVIDERS

MAX_TOKENS = 2048
"""Default token limit of one answer, the reasoning tokens of reasoning models included.

The limit bounds the worst-case cost of a request.
"""

_RANGES: dict[str, tuple[type[int] | type[float], float, float]] = {
    "temperature": (float, 0.0, 2.0),
    "candidates": (int, 1, 20),
    "max_tokens": (int, 1, 1_000_000),
}


@dataclass(frozen=True)
class ChatSettings:
    """Address and generation settings of a chat model.

    Attributes:
        address: the URI without settings, such as `openai:/MODEL`.
        temperature: sampling temperature, 0 to 2; None (the default) leaves it to the provider, because some
            models accept no other value.
        candidates: number of texts that each request asks for, 1 to 20. The default is 1; a task whose output
            contract lists candidates needs no more.
        max_tokens: token limit of one answer, default 2048.
    """

    address: str
    temperature: float | None = None
    candidates: int = 1
    max_tokens: int = MAX_TOKENS

    @classmethod
    def read(cls, uri: str) -> Self:
        """Parse the URI of a chat model into its address and settings.

        Raises:
            UserError: the URI names no model, or it has an unknown setting or an invalid value.
        """
        address, _, query = uri.partition("?")
        provider, slash, model = address.partition(":/")
        if provider not in PROVIDERS or not slash or not model.strip("/"):
            raise UserError(
                f"{uri!r} is not the URI of a chat model; write {FORMS}, for example openai:/gpt-4o-mini"
            )
        settings: dict[str, Any] = {}
        for name, text in parse_qsl(query, keep_blank_values=True):
            if name not in _RANGES:
                raise UserError(f"{uri!r}: unknown setting {name!r}; allowed: {', '.join(_RANGES)}")
            settings[name] = _number(uri, name, text)
        return cls(address, **settings)

    @property
    def uri(self) -> str:
        """The chat model's URI with all settings that differ from their defaults, always in the same order."""
        changed = {
            "temperature": None if self.temperature is None else f"{self.temperature:g}",
            "candidates": None if self.candidates == 1 else str(self.candidates),
            "max_tokens": None if self.max_tokens == MAX_TOKENS else str(self.max_tokens),
        }
        query = "&".join(f"{name}={value}" for name, value in changed.items() if value is not None)
        return f"{self.address}?{query}" if query else self.address


def _number(uri: str, name: str, text: str) -> float | int:
    kind, low, high = _RANGES[name]
    try:
        value = kind(text)
    except ValueError:
        value = None
    if value is None or not low <= value <= high:
        raise UserError(
            f"{uri!r}: {name} is {text!r}; it must be a {'whole number' if kind is int else 'number'} "
            f"from {low:g} to {high:g}"
        )
    return value
