"""The contract of an answer that is text: JSON Schema, compiled."""

from __future__ import annotations

import pytest
from pair_rows import pair_context, pair_rows, parallel_task

from veritrain_lib.core.errors import UserError
from veritrain_lib.quality.checks.contract import check


def test_a_text_that_breaks_the_schema_is_rejected_with_the_keyword():
    rows = pair_rows(
        [
            ("本", "a book"),
            ("本", "book " * 50),
            ("本", ""),
            ("本", "\u200b"),
            ("", "x"),
            ("本", '{"en": "a book"}'),
            ("本", "[laughs] yes"),
        ]
    )
    assert check(rows, pair_context()).tolist() == [
        "", "contract:schema=maxLength", "contract:no_target", "contract:no_target", "contract:empty_field=ja",
        "contract:structure", "",
    ]  # fmt: skip


def test_a_contract_that_is_no_schema_is_refused():
    context = pair_context()
    broken = parallel_task().model_copy(update={"contract": {"properties": {"en": {"type": 5}}}})
    object.__setattr__(context, "task", broken)
    with pytest.raises(UserError, match="no JSON Schema"):
        check(pair_rows([("本", "a book")]), context)
