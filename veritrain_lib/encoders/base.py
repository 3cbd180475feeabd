"""The protocol `Encoder`, which every sentence encoder fulfils, and `open_encoder`, which opens one by its name."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

from veritrain_lib.core import registry
from veritrain_lib.core.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np


class Encoder(Protocol):
    """Protocol of a sentence encoder: texts with a similar meaning get vectors with a high cosine similarity.

    An encoder is constructed without arguments. Its class inherits from this one, which has a default for `packages`
    and `languages`, or defines every member itself.

    Attributes:
        name: The name in the task file.
        dimension: The length of a vector.
        packages: The Python packages that hold its code and weights; a model server installs them at the same version.
        languages: ISO 639-1 codes of the languages that it knows; empty where that is not known. `veritrain check` warns of a task
            with inputs in others.
    """

    name: str
    dimension: int
    packages: tuple[str, ...] = ()
    languages: frozenset[str] = frozenset()

    @property
    def digest(self) -> str:
        """SHA-256, as 64 hex digits, of everything that determines a vector: weights, vocabulary, code version."""
        ...

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Return the vector of each text, in order.

        Returns:
            An array of shape (texts, dimension), float32; each vector has length 1. A vector depends only on its own
            text, up to rounding.
        """
        ...


@cache
def open_encoder(name: str) -> Encoder:
    """Return the sentence encoder of a given name. Each is opened once per process.

    Args:
        name: The name of an encoder, or several with `+` between them (`use_multilingual+minilm`), whose vectors then
            stand side by side.

    Raises:
        UserError: when there is no encoder of this name, one is named twice, its class lacks a member of `Encoder`, or a package that it
            needs is not installed.
    """
    from veritrain_lib.encoders.joined import SEPARATOR, Joined

    parts = name.split(SEPARATOR)
    if len(parts) > 1:
        if len(set(parts)) < len(parts):
            raise UserError(f"the encoder {name!r} names one twice; name each once, with + between them")
        return Joined([open_encoder(part) for part in parts])
    kind: Any = registry.get("encoders", name)
    registry.require_members("encoders", name, kind, Encoder)
    encoder: Encoder = kind()
    return encoder
