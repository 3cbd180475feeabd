from __future__ import annotations

import numpy as np
import pytest

from veritrain_lib.core.errors import UserError
from veritrain_lib.encoders.base import open_encoder


def test_a_text_is_nearest_to_what_means_the_same_in_another_language() -> None:
    encoder = open_encoder("use_multilingual")
    english = encoder.encode(
        ["I want my money back", "How do I reset my password?", "The weather is nice today"]
    )
    for others in (
        ["返金してほしい", "パスワードをリセットするにはどうすればいいですか", "今日は天気がいいです"],
        ["我想要退款", "如何重置我的密码？", "今天天气很好"],
    ):
        similarity = english @ encoder.encode(others).T
        assert similarity.argmax(axis=1).tolist() == [0, 1, 2]


def test_a_vector_has_length_one_and_depends_on_its_own_text_alone() -> None:
    encoder = open_encoder("use_multilingual")
    texts = ["refund please", "", "a much longer text about an invoice that never came", "請求書が届きません"]
    together = encoder.encode(texts)
    assert together.shape == (4, encoder.dimension)
    assert together.dtype == np.float32
    assert np.allclose(np.linalg.norm(together, axis=1), 1, atol=1e-4)
    for text, vector in zip(texts, together, strict=True):
        assert np.allclose(encoder.encode([text])[0], vector, atol=1e-5)


def test_an_unknown_encoder_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UserError, match=r"no encoder named 'use_multi'.*use_multilingual"):
        open_encoder("use_multi")
