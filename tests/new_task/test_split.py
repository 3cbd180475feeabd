"""Rows are dealt by label, the same way each time, and no text stands in two parts."""

from __future__ import annotations

import random

import pandas as pd
import pytest

from tests.small_task import LABELS, text_of
from veritrain_lib.core.errors import UserError
from veritrain_lib.new_task.columns import TaskColumns
from veritrain_lib.new_task.split import MIN_ROWS, MIN_ROWS_PER_LABEL, SHARES, TaskSplit, split
from veritrain_lib.quality.suite import load_suite

COLUMNS = TaskColumns(["text"], "label", [], [])
ENGLISH = {"text": "en"}


def rows_of(each: int, seed: int = 0) -> pd.DataFrame:
    """Different texts: a number tells them apart where words do not."""
    chance = random.Random(seed)
    return pd.DataFrame(
        [{"text": f"{text_of(label, chance)} {at}", "label": label} for at in range(each) for label in LABELS]
    )


def add(rows: pd.DataFrame, *more: tuple[str, str]) -> pd.DataFrame:
    return pd.concat([rows, pd.DataFrame(more, columns=["text", "label"])], ignore_index=True)


def dealt(rows: pd.DataFrame, seed: int = 0) -> TaskSplit:
    return split(rows, COLUMNS, ENGLISH, seed=seed)


def part_of(result: TaskSplit, text: str) -> list[str]:
    return [kind for kind, part in result.parts.items() if text in part["text"].tolist()]


@pytest.mark.parametrize("each", [14, 40])
def test_every_row_is_in_exactly_one_part(each: int) -> None:
    rows = rows_of(each)
    result = dealt(rows)
    assert sorted(text for part in result.parts.values() for text in part["text"]) == sorted(rows["text"])
    assert len(result.left_out) == 0


@pytest.mark.parametrize("each", [14, 40, 41])
def test_every_label_is_spread_alike(each: int) -> None:
    result = dealt(rows_of(each))
    for kind, part in result.parts.items():
        counts = part["label"].value_counts()
        assert set(counts.index) == set(LABELS)
        assert counts.max() - counts.min() <= 1
        assert counts.min() >= MIN_ROWS_PER_LABEL[kind]


def test_shares_are_kept_where_there_are_rows_enough() -> None:
    result = dealt(rows_of(100))
    for kind, share in SHARES.items():
        assert len(result.parts[kind]) == pytest.approx(share * 300, abs=len(LABELS))


def test_below_a_hundred_rows_there_is_no_pool() -> None:
    assert set(dealt(rows_of(20)).parts) == {"seed", "development", "test"}
    assert "pool" in dealt(rows_of(34)).parts


def test_the_fewest_rows_give_seed_rows_enough_for_the_standard_suite() -> None:
    rows = rows_of(20)
    two = rows[rows["label"] != "greeting"].reset_index(drop=True)
    assert len(two) == MIN_ROWS
    assert len(dealt(two).parts["seed"]) >= load_suite("classification").dataset.minimum_rows


def test_the_same_seed_deals_the_same_and_another_seed_differently() -> None:
    rows = rows_of(40)
    first, again, other = dealt(rows, 1), dealt(rows, 1), dealt(rows, 2)
    assert first.parts["test"]["text"].tolist() == again.parts["test"]["text"].tolist()
    assert first.parts["test"]["text"].tolist() != other.parts["test"]["text"].tolist()


def test_another_label_leaves_the_others_where_they_are() -> None:
    rows = rows_of(40)
    more = add(
        rows, *((f"an entirely new question number {at} on {at * 7} things", "zebra") for at in range(10))
    )
    before, after = dealt(rows).parts["test"], dealt(more).parts["test"]
    assert after[after["label"] != "zebra"]["text"].tolist() == before["text"].tolist()


def test_copies_are_left_out_with_row_and_reason() -> None:
    rows = add(
        rows_of(14),
        ("  ", "refund"),
        ("Where Is It", "delivery"),
        ("where is  it?", "delivery"),
        ("ok then", "refund"),
        ("OK, then!", "greeting"),
    )
    out = dealt(rows).left_out
    assert out[["row", "reason"]].to_numpy().tolist() == [
        [43, "empty_input"], [45, "duplicate"], [46, "contradicting_answers"], [47, "contradicting_answers"],
    ]  # fmt: skip


def test_a_near_copy_goes_where_its_original_goes() -> None:
    text = "the courier left my parcel at the depot on Market Street"
    for seed in range(8):
        result = dealt(add(rows_of(14), (text, "delivery"), (f"Hello, {text}", "delivery")), seed)
        assert part_of(result, text) == part_of(result, f"Hello, {text}")


def test_rows_without_an_answer_wait_in_the_pool() -> None:
    result = dealt(add(rows_of(14), ("what now", ""), ("  and then  ", " ")))
    assert result.parts["pool"].to_dict("list") == {"text": ["what now", "  and then  "], "label": ["", ""]}


def test_an_answered_copy_wins_over_an_unanswered_one() -> None:
    result = dealt(add(rows_of(14), ("what now", ""), ("What now?", "refund")))
    assert part_of(result, "What now?") in (["seed"], ["development"], ["test"])
    assert result.left_out["row"].tolist() == [43]


def test_rare_labels_are_refused_by_name_or_left_out_on_request() -> None:
    rows = add(rows_of(14), ("my dog barks", "pets"), ("my cat sleeps", "pets"))
    with pytest.raises(UserError, match=r"1 of 4 label\(s\) have fewer than 5 distinct rows: pets \(2\)"):
        dealt(rows)
    result = split(rows, COLUMNS, ENGLISH, seed=0, leave_out_rare=True)
    assert result.labels == list(LABELS)
    assert result.left_out["reason"].tolist() == ["rare_label"] * 2


def test_too_few_rows_or_labels_are_refused_with_what_is_needed() -> None:
    with pytest.raises(
        UserError, match=r"15 usable row\(s\) of 3 label\(s\) out of 15; at least 40 rows of 2 labels"
    ):
        dealt(rows_of(5))
    one = rows_of(40)
    with pytest.raises(UserError, match=r"40 usable row\(s\) of 1 label\(s\)"):
        dealt(one[one["label"] == "refund"].reset_index(drop=True))
