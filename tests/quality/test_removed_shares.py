"""A rule that empties one label or slice is told, and blocks, though the whole looks well."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from gate_rows import make_context, make_rows, make_task, rule, suite

from veritrain_lib.core import registry
from veritrain_lib.core.errors import UserError
from veritrain_lib.quality.data_docs import data_docs
from veritrain_lib.quality.gate import run_gate
from veritrain_lib.quality.removed_shares import removed_by_group


def flag_words(rows: pd.DataFrame, context: object, *, word: str = "BAD") -> pd.Series:
    return pd.Series(
        ["flag:word" if word in text else "" for text in rows["text"]], index=rows.index, dtype=object
    )


@pytest.fixture(autouse=True)
def _own_check():
    registry.register("checks", "flag", flag_words)


def one_class_hit(bad: int = 41) -> pd.DataFrame:
    """300 rows of three labels; of `refund` so many of 100 are hit, and one of each of the others."""
    texts = [f"{'BAD' if number < bad else 'good'} {number}" for number in range(100)]
    others = [f"{'BAD' if number < 1 else 'good'} {number}" for number in range(100, 300)]
    return make_rows([*texts, *others], ["refund"] * 100 + ["bug"] * 100 + ["login"] * 100)


def test_one_emptied_label_blocks_where_the_whole_passes():
    limits = suite(rule("flag", mostly=0.8), maximum_removed_share=0.25)
    verdict = run_gate(one_class_hit(), make_context(), limits)
    assert verdict.status == "blocked"
    (reason,) = verdict.block_reasons
    assert reason == (
        "maximum_removed_share: 41 of 100 rows with label 'refund' removed, share 0.410 (95 % interval 0.319 to 0.508), "
        "limit 0.250; 41 of them by flag:word"
    )
    assert verdict.removed.iloc[0][["column", "value", "rows", "removed", "outcome"]].tolist() == [
        "label", "refund", 100, 41, "failed",
    ]  # fmt: skip
    assert verdict.as_dict()["removed"][0]["most_by"] == "flag:word"
    page = data_docs(verdict)
    assert "Removed rows by label and slice" in page
    assert "41 of 100" in page


def test_a_suite_that_sets_no_limit_only_tells():
    verdict = run_gate(one_class_hit(), make_context(), suite(rule("flag", mostly=0.8)))
    assert verdict.status == "passed"
    assert verdict.removed["share"].tolist()[0] == 0.41


@pytest.mark.parametrize(("bad", "of", "outcome"), [(4, 8, "passed"), (40, 80, "failed")])
def test_a_small_group_is_not_blamed_for_chance(bad: int, of: int, outcome: str):
    rows = make_rows(["x"] * (of + 200), ["refund"] * of + ["bug"] * 200)
    removed = np.arange(len(rows)) < bad
    table = removed_by_group(rows, removed, {}, make_task(), 0.25)
    assert table[table["value"] == "refund"]["outcome"].tolist() == [outcome]


def test_what_is_dirty_all_over_blames_no_label():
    rows = make_rows(["x"] * 400, ["refund", "bug"] * 200)
    removed = np.arange(400) % 4 < 2  # half of each
    assert set(removed_by_group(rows, removed, {}, make_task(), 0.25)["outcome"]) == {"passed"}


def test_values_of_slice_columns_count_and_unknown_labels_do_not():
    task = make_task().model_copy(update={"slices": make_task().slices.model_copy(update={"by": ["plan"]})})
    rows = make_rows(["x"] * 300, ["bug"] * 299 + ["no such label"]).assign(
        plan=["free"] * 100 + ["paid"] * 200
    )
    removed = np.arange(300) < 60
    table = removed_by_group(rows, removed, {at: ["flag:word=3"] for at in range(60)}, task, 0.25)
    assert table[
        ["column", "value", "removed", "outcome", "most_by", "most_by_rows"]
    ].to_numpy().tolist() == [
        ["plan", "free", 60, "failed", "flag:word", 60],
        ["label", "bug", 60, "passed", "flag:word", 60],
        ["plan", "paid", 0, "passed", "", 0],
    ]


def test_rows_of_people_are_never_removed_and_count():
    rows = make_rows([f"BAD {n}" for n in range(100)], "refund", "human")
    verdict = run_gate(rows, make_context(), suite(rule("flag"), maximum_removed_share=0.25))
    assert (verdict.status, verdict.removed["removed"].tolist()) == ("passed", [0])


def test_a_limit_above_one_is_refused():
    with pytest.raises(UserError, match="maximum_removed_share"):
        suite(rule("flag"), maximum_removed_share=1.5)
