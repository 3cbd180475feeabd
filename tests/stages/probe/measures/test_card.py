"""Several probed models on one card."""

from __future__ import annotations

import pandas as pd
import pytest

from tests.stages.probe.measures.answering import Answering, Paying
from veritrain_lib.core.errors import UserError
from veritrain_lib.core.task import Task
from veritrain_lib.stages.probe import run as probe
from veritrain_lib.stages.probe.measures.card import compare_cards


def test_models_stand_side_by_side_in_the_order_given(task: Task, development: pd.DataFrame) -> None:
    config = probe.ProbeConfig(extra_rows=6, money=10)
    free = probe.run(config, task, Answering(lambda text: "parcel"), development)
    paid = probe.run(config, task, Paying(lambda text: "billing"), development)
    table = compare_cards([paid, free]).table().set_index("measure")
    assert list(table.columns) == ["openai:/m", "m:1", "what it counts"]
    assert table.loc["cost of 1,000 answers (lower is better)", "m:1"] == "–"
    assert table.loc["cost of 1,000 answers (lower is better)", "openai:/m"] == "$10 ($10 to $10), n=30"
    assert str(table.loc["accuracy", "m:1"]).startswith("33.3 % (19.1 % to 51.3 %), n=30")
    both = probe.with_other_models(paid, [free])
    assert both.card().models == ["openai:/m", "m:1"]
    assert both.measures == paid.measures


def test_a_card_without_models_or_with_one_twice_is_refused(task: Task, development: pd.DataFrame) -> None:
    result = probe.run(probe.ProbeConfig(extra_rows=0), task, Answering(lambda text: "parcel"), development)
    with pytest.raises(UserError, match="at least one"):
        compare_cards([])
    with pytest.raises(UserError, match="given twice: m:1"):
        compare_cards([result, result])
