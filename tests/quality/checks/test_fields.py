"""Required fields and their types, row by row."""

from __future__ import annotations

from typing import Any

import pytest
from gate_rows import make_context, make_rows, make_task

from veritrain_lib.core.errors import UserError
from veritrain_lib.quality.checks import field_types, required_fields


def test_null_empty_and_blank_fields_are_missing_and_all_are_named():
    task = make_task(inputs=("text", "title"))
    rows = make_rows(["a", None, "  ", "d"]).assign(title=["t", "", "t", None])
    rows.index = [5, 3, 8, 1]
    found = required_fields.check(rows, make_context(task))
    assert found.index.tolist() == [5, 3, 8, 1]
    assert found.tolist() == ["", "required_fields:missing=text,title", "required_fields:missing=text",
                              "required_fields:missing=title"]  # fmt: skip


def test_the_fields_asked_for_are_looked_at_alone():
    rows = make_rows(["", "b"], ["bug", ""])
    found = required_fields.check(rows, make_context(), fields=["label"])
    assert found.tolist() == ["", "required_fields:missing=label"]


@pytest.mark.parametrize("check", [lambda r, c: required_fields.check(r, c, fields=["pirce"]),
                                   lambda r, c: field_types.check(r, c, types={"pirce": "number"})])  # fmt: skip
def test_a_field_without_a_column_is_refused_by_name(check: Any):
    with pytest.raises(UserError, match="no column pirce"):
        check(make_rows(["a"]), make_context())


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("text", ["a", "12"], [12, 0.5, ["a"], {"a": 1}, True]),
        ("whole_number", ["12", "-3", 7], ["1.5", "a", "1_000", "１２", True, 1.5]),
        ("number", ["0.5", "1e-3", 7, 0.25], ["nan", "inf", "1,5", "", True]),
        ("boolean", ["true", "False", True], ["yes", "1", 0]),
        ("date", ["2026-01-31", "2026-01-31T10:00:00"], ["31.1.2026", "2026-02-30", "20260131", "2026-W05"]),
        ("json", ['{"a": 1}', "[1]"], ["{a: 1}", "{"]),
    ],
)
def test_values_of_each_type(kind: Any, good: list[Any], bad: list[Any]):
    bad = [one for one in bad if one != ""]
    rows = make_rows([*good, *bad])
    found = field_types.check(rows, make_context(), types={"text": kind})
    assert found.tolist() == [""] * len(good) + [f"field_types:text=not_{kind}"] * len(bad)


def test_equal_values_of_different_types_are_told_apart():
    rows = make_rows([1, True, 1.0, "1"])
    found = field_types.check(rows, make_context(), types={"text": "whole_number"})
    assert found.tolist() == [
        "",
        "field_types:text=not_whole_number",
        "field_types:text=not_whole_number",
        "",
    ]


def test_inputs_hold_text_by_default_and_missing_ones_are_left_alone():
    rows = make_rows(["a", None, 12, " "])
    assert field_types.check(rows, make_context()).tolist() == ["", "", "field_types:text=not_text", ""]
