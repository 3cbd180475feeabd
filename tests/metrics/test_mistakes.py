from __future__ import annotations

import pytest

from tests.metrics.text_answers import rows, said, text_task
from veritrain_lib.core.task import Task
from veritrain_lib.metrics.mistakes import confusions, mistakes_of

REFERENCE = "Please send the quotation for 3 servers by Friday."


@pytest.mark.parametrize(
    ("answer", "kinds"),
    [
        (REFERENCE, []),
        (None, ["answer"]),
        ("サーバー3台の見積書を送ってください。", ["translation"]),
        ("Please send the estimate for 3 servers by Friday.", ["term"]),
        ("Please send the quotation for 5 servers by Friday.", ["number"]),
        ("Send quotation 3.", ["length"]),
        ("send the quotation send the quotation send the quotation 3", ["words"]),
        ("Her 3 quotation dogs were quietly eating all sandwiches.", ["wording"]),
        ("By Friday, please send the quotation for 3 servers.", []),
    ],
)
def test_each_kind_of_mistake_is_seen(answer: str | None, kinds: list[str]) -> None:
    task = text_task(glossary={"見積書": "quotation"})
    (reference,) = rows(task, ("サーバー3台の見積書を送ってください。", REFERENCE))
    (response,) = said([answer])
    found = [kind for kind, _ in mistakes_of(task, reference, response)]
    assert set(kinds) <= set(found)
    assert found == [] if not kinds else found[0] == kinds[0]


def test_with_labels_the_mistake_is_which_was_taken_for_which(task: Task) -> None:
    table = confusions(task, ["rain", "rain", "sun", "sun"], said(["snow", "snow", "sun", None]))
    assert table.to_dict("records") == [
        {"expected": "rain", "answered": "snow", "count": 2},
        {"expected": "sun", "answered": "(none)", "count": 1},
    ]


def test_without_a_mistake_the_table_has_its_columns(task: Task) -> None:
    assert list(confusions(task, ["sun"], said(["sun"]))) == ["expected", "answered", "count"]
