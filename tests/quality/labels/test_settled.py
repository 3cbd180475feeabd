"""Two people who agree settle a label; the row tells so in its provenance."""

from __future__ import annotations

import json

import pytest

from veritrain_lib.quality.labels.settled import is_settled, settle, with_answers


@pytest.mark.parametrize(
    ("answers", "label"),
    [
        ([], ""),
        (["a"], ""),
        (["a", "a"], "a"),
        (["a", "b"], ""),
        (["a", "b", "b"], "b"),
        (["a", "b", "a"], "a"),
        (["a", "b", "c"], ""),
        (["a", "b", "c", "c"], ""),  # a fourth answer does not count
    ],
)
def test_two_people_who_agree_settle_a_label(answers: list[str], label: str) -> None:
    assert settle(answers) == label


def test_a_settled_row_is_known_by_its_provenance() -> None:
    text = with_answers('{"teacher": "pool"}', ["a", "b", "b"])
    assert json.loads(text) == {"teacher": "pool", "answers": ["a", "b", "b"]}
    assert is_settled([text, '{"teacher": "pool"}', "", None, '{"note": "\\"answers\\""}']).tolist() == [
        True, False, False, False, False,
    ]  # fmt: skip
