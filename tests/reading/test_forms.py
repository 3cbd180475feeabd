"""Labels that are one label written in several ways."""

from __future__ import annotations

import pytest

from veritrain_lib.reading.forms import match_label, near_label_hint, without_zero_decimals


@pytest.mark.parametrize("written", ["café", "cafe\u0301", " café ", "ｃａｆé"])
def test_forms_width_and_blanks_do_not_tell_labels_apart(written: str) -> None:
    assert match_label(written, ["tea", "café"]) == "café"


def test_case_is_told_and_never_taken() -> None:
    assert match_label("Café", ["tea", "café"]) == "Café"
    assert near_label_hint("Café", ["tea", "café"]) == " (differs from 'café' only by case)"


def test_whole_numbers_lose_their_zero_decimals_only() -> None:
    assert [without_zero_decimals(text) for text in ("1.0", "-2.00", "1.50", "v1.0")] == [
        "1",
        "-2",
        "1.50",
        "v1.0",
    ]
