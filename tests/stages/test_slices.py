"""Slices cut the rows so that each row is in one slice of each cut."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.stages.tiny_task import write_tiny
from veritrain_lib.core.task import load_task
from veritrain_lib.stages.inputs import sources
from veritrain_lib.stages.slices import length, slice_masks


def test_every_row_is_in_one_slice_of_each_cut(tmp_path: Path) -> None:
    slices = {"by": ["label"], "length_of": "text", "length_bands": [5, 6]}
    task = load_task(write_tiny(tmp_path, slices=slices))
    rows = sources.development_rows(task).copy()
    rows.loc[[0, 1], "text"] = ["one two", "a b c d e f g"]
    masks = slice_masks(task, rows)
    by_label = [mask for name, mask in masks.items() if name.startswith("label=")]
    by_length = {name: mask for name, mask in masks.items() if name.startswith("text words")}
    assert list(by_length) == ["text words <=5", "text words 6-6", "text words >6"]
    assert (np.sum(by_label, axis=0) == 1).all()
    assert (np.sum(list(by_length.values()), axis=0) == 1).all()
    assert [int(mask.sum()) for mask in by_length.values()] == [1, 28, 1]


def test_a_row_without_a_word_is_in_the_shortest_band(tmp_path: Path) -> None:
    slices = {"length_of": "text", "length_bands": [5]}
    task = load_task(write_tiny(tmp_path, slices=slices))
    rows = sources.development_rows(task).head(2).copy()
    rows["text"] = ["", "   "]
    masks = slice_masks(task, rows)
    assert np.sum(list(masks.values()), axis=0).tolist() == [1, 1]


@pytest.mark.parametrize(
    ("text", "words"), [("", 0), ("two words", 2), ("請求書が届きません", 5), ("PDF 請求書 を", 5)]
)
def test_text_without_spaces_counts_two_characters_as_a_word(text: str, words: int) -> None:
    # A run of dense text is also one word by its spaces.
    assert length(pd.Series([text])).tolist() == [words]
