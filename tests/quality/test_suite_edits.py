"""A suite with another limit or without a rule is another suite, and what differs is said in words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from veritrain_lib.core.errors import UserError
from veritrain_lib.quality.suite import Suite, load_suite, make_suite
from veritrain_lib.quality.suite_edits import describe_changes


@pytest.fixture
def suite() -> Suite:
    return load_suite("classification")


def limit(suite: Suite, name: str) -> float:
    return next(rule.limit for rule in suite.rules if rule.id == name)


def test_another_limit_is_another_suite_and_the_first_stays_as_it_was(suite: Suite) -> None:
    before = limit(suite, "near_duplicate")
    strict = suite.with_limit("near_duplicate", 0.02)
    assert (limit(suite, "near_duplicate"), limit(strict, "near_duplicate")) == (before, 0.02)
    assert strict.digest != suite.digest
    assert describe_changes(suite, strict) == f"near_duplicate {before:g} -> 0.02"
    assert describe_changes(suite, strict.with_limit("near_duplicate", before)) == ""


def test_a_limit_of_the_dataset_and_one_of_a_measure_can_be_changed(suite: Suite) -> None:
    small = suite.with_limit("minimum_rows", 3)
    assert small.dataset.minimum_rows == 3
    assert describe_changes(suite, small) == f"minimum_rows {suite.dataset.minimum_rows} -> 3"
    drift = suite.with_limit("length_drift", 7.5)
    assert limit(drift, "length_drift") == 7.5


def test_a_rule_left_out_is_named(suite: Suite) -> None:
    fewer = suite.without("toxic")
    assert "toxic" not in [rule.id for rule in fewer.rules]
    assert describe_changes(suite, fewer) == "without toxic"
    assert describe_changes(fewer, suite) == "with toxic"


def test_mistakes_say_what_is_allowed(suite: Suite) -> None:
    with pytest.raises(
        UserError, match=r"has no rule 'near_duplicates'; it has: .*near_duplicate.*minimum_rows"
    ):
        suite.with_limit("near_duplicates", 0.1)
    with pytest.raises(UserError, match="limit of rule near_duplicate is 2; allowed is a share"):
        suite.with_limit("near_duplicate", 2)
    with pytest.raises(UserError, match="minimum_accepted_share"):
        suite.with_limit("minimum_accepted_share", 2)
    with pytest.raises(UserError, match="has no rule 'toxics'"):
        suite.without("toxics")


def test_its_table_has_every_limit_and_its_content_is_a_suite_file(suite: Suite, tmp_path: Path) -> None:
    table = suite.table().set_index("rule")["limit"]
    assert table["near_duplicate"] == limit(suite, "near_duplicate")
    assert table["minimum_accepted_share"] == suite.dataset.minimum_accepted_share
    assert "near_duplicate" in suite._repr_html_()
    assert "near_duplicate" in repr(suite)
    copy = tmp_path / "copy.json"
    copy.write_text(json.dumps(suite.content()), encoding="utf-8")
    assert describe_changes(suite, load_suite(copy)) == ""
    assert make_suite(suite.content()).rules == suite.rules
