"""Copies under the row that stays, and examples for each kind of reason."""

from __future__ import annotations

import pandas as pd
from gate_rows import make_context, make_rows, make_task, rule, suite

from veritrain_lib.quality.duplicates.groups import duplicate_groups, duplicate_reason, group_sizes
from veritrain_lib.quality.gate import run_gate
from veritrain_lib.quality.reason_examples import HIDDEN_TEXT, examples


def rows_with(reasons: dict[str, str]) -> pd.DataFrame:
    """Rows by id and reasons; the text of a row is its id, spelt twice."""
    table = make_rows([f"{one} {one}" for one in reasons])
    return table.assign(id=list(reasons), reasons=list(reasons.values()))


def test_a_copy_names_its_kind_and_the_row_it_copies() -> None:
    assert duplicate_reason("exact_duplicate:of=abc") == ("exact_duplicate", "abc")
    assert duplicate_reason("language:de; near_duplicate:of=abc") == ("near_duplicate", "abc")
    assert duplicate_reason("leakage:exact_test=abc") is None
    assert duplicate_reason("empty:no_text") is None


def test_copies_of_copies_are_one_group_with_the_row_that_stays_first() -> None:
    flagged = rows_with({"b": "exact_duplicate:of=a", "c": "near_duplicate:of=b", "d": "empty:no_text",
                         "f": "near_duplicate:of=e", "g": "exact_duplicate:of=a"})  # fmt: skip
    known = rows_with({"a": "", "e": "", "z": ""})
    groups = duplicate_groups([flagged], [known.head(1), known.iloc[1:]], make_task())
    assert groups[["group", "size", "role", "kind", "id", "text"]].to_numpy().tolist() == [
        [1, 4, "kept", "", "a", "a a"],
        [1, 4, "copy", "exact_duplicate", "b", "b b"],
        [1, 4, "copy", "near_duplicate", "c", "c c"],
        [1, 4, "copy", "exact_duplicate", "g", "g g"],
        [2, 2, "kept", "", "e", "e e"],
        [2, 2, "copy", "near_duplicate", "f", "f f"],
    ]
    assert group_sizes(groups).to_dict("records") == [
        {"group": 1, "text": "a a", "kind": "exact_duplicate", "copies": 2},
        {"group": 1, "text": "a a", "kind": "near_duplicate", "copies": 1},
        {"group": 2, "text": "e e", "kind": "near_duplicate", "copies": 1},
    ]


def test_rows_that_copy_each_other_end_and_a_lost_original_has_no_text() -> None:
    flagged = rows_with({"a": "near_duplicate:of=b", "b": "near_duplicate:of=a"})
    groups = duplicate_groups([flagged], [], make_task())
    assert sorted(groups["role"]) == ["copy", "copy", "kept", "kept"] or sorted(groups["role"]) == [
        "copy",
        "copy",
        "kept",
    ]
    assert (groups.loc[groups["role"] == "kept", "text"] == "").all()


def test_personal_data_is_hidden() -> None:
    flagged = rows_with({"b": "personal_data:email; exact_duplicate:of=a"})
    groups = duplicate_groups([flagged], [rows_with({"a": ""})], make_task())
    assert groups["text"].tolist() == ["a a", HIDDEN_TEXT]


def test_a_verdict_shows_its_copies_as_groups() -> None:
    rows = make_rows(["a message of mine", "Another one", "A MESSAGE of mine!", "a message, of mine"])
    verdict = run_gate(rows, make_context(), suite(rule("exact_duplicate", mostly=0)))
    assert verdict.groups["text"].tolist() == [
        "a message of mine",
        "A MESSAGE of mine!",
        "a message, of mine",
    ]
    assert verdict.groups["role"].tolist() == ["kept", "copy", "copy"]


def test_examples_give_a_few_rows_a_kind_the_most_frequent_first() -> None:
    rows = rows_with({"a": "empty:no_text", "b": "near_duplicate:of=x; language:de", "c": "near_duplicate:of=y",
                      "d": "near_duplicate:of=z", "e": "personal_data:email"})  # fmt: skip
    found = examples(rows, each=2)
    assert found[["reason", "rows"]].to_numpy().tolist() == [
        ["near_duplicate:of", 3], ["near_duplicate:of", 3], ["empty:no_text", 1], ["language:de", 1],
        ["personal_data:email", 1],
    ]  # fmt: skip
    assert found["text"].tolist() == ["b b", "c c", "a a", "b b", HIDDEN_TEXT]
    assert found["reasons"].tolist()[3] == "near_duplicate:of=x; language:de"
    assert examples(rows.head(0)).empty
