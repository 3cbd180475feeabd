"""Unequal labels are measured and told, and then macro F1 steers a new task."""

from __future__ import annotations

import csv
import random
from pathlib import Path

import pandas as pd
import pytest

from tests.small_task import LABELS, text_of
from veritrain_lib.new_task.balance import label_balance
from veritrain_lib.new_task.make import make_task
from veritrain_lib.new_task.split import TaskSplit


def split_of(**counts: int) -> TaskSplit:
    answers = [label for label, count in counts.items() for _ in range(count)]
    parts = {
        "seed": pd.DataFrame({"label": answers[::2]}),
        "pool": pd.DataFrame({"label": [*answers[1::2], "", ""]}),
    }
    return TaskSplit(parts, pd.DataFrame(), sorted(counts))


@pytest.mark.parametrize(("rare", "imbalanced"), [(10, True), (11, False)])
def test_three_rows_to_one_is_unbalanced(rare: int, imbalanced: bool) -> None:
    balance = label_balance(split_of(often=30, rare=rare), "label")
    assert (balance.common, balance.common_rows, balance.rare, balance.rare_rows) == (
        "often",
        30,
        "rare",
        rare,
    )
    assert balance.ratio == pytest.approx(30 / rare)
    assert balance.imbalanced is imbalanced
    assert ("macro_f1 comes first" in balance.sentence()) is imbalanced


@pytest.mark.parametrize(("often", "first"), [(80, "macro_f1"), (20, "accuracy")])
def test_the_task_file_names_the_metric_that_steers_and_the_guesses_say_why(
    tmp_path: Path, often: int, first: str
) -> None:
    chance = random.Random(5)
    counts = dict.fromkeys(LABELS, 20) | {LABELS[0]: often}
    with (tmp_path / "mail.csv").open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["text", "label"])
        writer.writerows(
            (f"{text_of(label, chance)} {number}", label)
            for label, count in counts.items()
            for number in range(count)
        )
    made = make_task(tmp_path / "mail.csv", into=tmp_path / "task")
    assert made.task.primary.name == first
    told = [guess for guess in made.guesses if guess.startswith("labels are")]
    assert len(told) == 1
    assert f"{LABELS[0]!r} has {often} rows" in told[0] or first == "accuracy"
