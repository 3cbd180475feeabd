"""Several sentence encoders as one, whose vectors stand side by side: `use_multilingual+minilm`."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from veritrain_lib.core import digest
from veritrain_lib.encoders.base import Encoder

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

SEPARATOR = "+"
"""Character between the names of encoders that are read together."""


class Joined(Encoder):
    """Several sentence encoders, each with the same share in the cosine similarity of two texts.

    Args:
        encoders: The encoders, at least two.
    """

    def __init__(self, encoders: Sequence[Encoder]) -> None:
        self.encoders = tuple(encoders)
        self.name = SEPARATOR.join(encoder.name for encoder in encoders)
        self.dimension = sum(encoder.dimension for encoder in encoders)
        self.packages = tuple(dict.fromkeys(name for encoder in encoders for name in encoder.packages))

    @cached_property
    def digest(self) -> str:
        """The SHA-256, as 64 hex digits, of the encoders' digests in order."""
        return digest.of_json(["joined", *(encoder.digest for encoder in self.encoders)])

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Return the vectors of each text side by side, scaled so that all together have length 1.

        Returns:
            An array of shape (texts, dimension), float32.
        """
        import numpy as np

        vectors: np.ndarray = np.hstack([encoder.encode(texts) for encoder in self.encoders])
        return vectors / np.float32(np.sqrt(len(self.encoders)))
