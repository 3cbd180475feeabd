from __future__ import annotations

import math
from typing import Any

import pandas as pd

from veritrain_lib.reporting.probe_card import ProbeCard


def row(
    model: str, measure: str, value: float, low: float, high: float, unit: str = "rate"
) -> dict[str, Any]:
    return {
        "model": model, "measure": measure, "title": measure, "says": f"what <{measure}> counts", "unit": unit,
        "lower_is_better": unit != "rate", "value": value, "low": low, "high": high, "n": 40,
    }  # fmt: skip


CARD = pd.DataFrame(
    [
        row("a:<1>", "right", 0.5, 0.35, 0.65),
        row("a:<1>", "time", 0.0123, 0.01, math.nan, "seconds"),
        row("b:2", "right", 1.0, 0.91, 1.0),
        row("b:2", "time", 2.5, 2.0, 3.0, "seconds"),
        row("b:2", "price", 0.1234, 0.1, 0.2, "dollars"),
        row("b:2", "sure", math.nan, math.nan, math.nan),
    ]
)


def test_values_are_written_in_their_units_with_intervals_and_rows() -> None:
    table = ProbeCard(CARD).table().set_index("measure")
    assert table["a:<1>"].tolist() == [
        "50.0 % (35.0 % to 65.0 %), n=40",
        "12.3 ms (10 ms to open), n=40",
        "–",
        "–",
    ]
    assert table["b:2"].tolist() == [
        "100.0 % (91.0 % to 100.0 %), n=40", "2.5 s (2 s to 3 s), n=40", "$0.1234 ($0.1 to $0.2), n=40", "–",
    ]  # fmt: skip
    assert table.index.tolist() == ["right", "time (lower is better)", "price (lower is better)", "sure"]


def test_it_shows_itself_escaped_with_a_picture_and_its_notes() -> None:
    page = ProbeCard(CARD, ["x was not <measured>"])._repr_html_()
    assert "a:&lt;1&gt;" in page
    assert "a:<1>" not in page
    assert "x was not &lt;measured&gt;" in page
    assert page.count("<img ") == 1
    assert "b:2, right: 100.0 %" in page
