from __future__ import annotations

import pandas as pd
import pytest

from veritrain_lib.reporting.side_by_side import AnswersSideBySide, mark_differences


@pytest.mark.parametrize(
    ("expected", "answer", "kept", "lost", "new"),
    [
        ("It costs 300 yen.", "It costs 500 yen.", "It costs ", "300", "500"),
        ("会議は三時です", "会議は五時です", "会議は", "三", "五"),
        ("a <b> c", "a <i> c", "a &lt;", "b", "i"),
    ],
)
def test_what_differs_is_marked_and_text_is_escaped(
    expected: str, answer: str, kept: str, lost: str, new: str
) -> None:
    page = mark_differences(expected, answer)
    assert page.startswith(kept)
    assert f">{lost}</del>" in page
    assert f">{new}</ins>" in page
    assert "<b>" not in page


def test_equal_texts_have_no_mark() -> None:
    assert mark_differences("同じ text.", "同じ text.") == "同じ text."


def test_a_table_has_inputs_expected_and_both_answers_with_their_grades() -> None:
    rows = pd.DataFrame(
        {
            "id": ["1"], "ja": ["三時"], "expected": ["at three"], "champion": ["at two"], "challenger": ["at three"],
            "champion_correct": [False], "challenger_correct": [True], "champion_grade": [0.5], "challenger_grade": [1.0],
        }
    )  # fmt: skip
    page = AnswersSideBySide(rows)._repr_html_()
    heads = [part.split("</th>")[0].split(">")[-1] for part in page.split("<th")[1:]]
    assert heads == ["ja", "expected", "champion", "challenger"]
    assert "(0.50)" in page
    assert "at three <small>(1.00)" in page


def test_nothing_wrong_is_said_in_words() -> None:
    assert "No row" in AnswersSideBySide(pd.DataFrame())._repr_html_()
