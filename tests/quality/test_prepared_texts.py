"""What is made of rows once, and what a part of them takes over."""

from __future__ import annotations

import numpy as np
import pytest
from gate_rows import make_rows

from veritrain_lib.quality import prepared_texts


def test_a_part_of_the_rows_takes_over_their_words(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = make_rows(["where is my money", "the app crashes", "where is it"])
    left = np.array([True, False, True])
    part, other = rows[left].reset_index(drop=True), rows[left].reset_index(drop=True)
    prepared_texts.tokens_in(rows, ["text"])
    prepared_texts.share_with_subset(rows, part, np.flatnonzero(left))
    alone = prepared_texts.tokens_in(other, ["text"])
    monkeypatch.setattr(prepared_texts, "tokens_of", None)  # nothing is read a second time
    taken = prepared_texts.tokens_in(part, ["text"])
    assert [taken.of(number) for number in range(2)] == [alone.of(number) for number in range(2)]
    assert {
        word: count for word, count in zip(taken.words, taken.document_frequency, strict=True) if count
    } == dict(zip(alone.words, alone.document_frequency, strict=True))


def test_nothing_is_passed_on_of_other_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    rows, others = make_rows(["one row"]), make_rows(["one row"])
    prepared_texts.tokens_in(rows, ["text"])
    prepared_texts.share_with_subset(others, part := make_rows(["one row"]), np.array([0]))
    monkeypatch.setattr(prepared_texts, "tokens_of", None)
    with pytest.raises(TypeError):
        prepared_texts.tokens_in(part, ["text"])
