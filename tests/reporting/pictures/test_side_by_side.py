from __future__ import annotations

import itertools
import math

import pandas as pd
import pytest

from tests.reporting.test_probe_card import CARD, row
from veritrain_lib.core.errors import UserError
from veritrain_lib.reporting.pictures.reliability import reliability
from veritrain_lib.reporting.pictures.side_by_side import side_by_side


def test_each_model_has_a_dot_and_a_bar_for_each_rate() -> None:
    drawing = side_by_side(CARD)
    (axes,) = drawing.axes
    dots = [line for line in axes.lines if line.get_marker() in ("o", "s")]
    assert [list(map(float, line.get_xdata())) for line in dots] == [[0.5], [1.0]]  # type: ignore[arg-type]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["a:<1>", "b:2"]  # type: ignore[union-attr]
    assert "in the table only: price, time" in drawing._supxlabel.get_text()  # type: ignore[attr-defined]


def test_dots_of_one_line_do_not_lie_on_each_other() -> None:
    many = pd.DataFrame([row(f"m:{at}", "right", 0.5, 0.4, 0.6) for at in range(7)])
    (axes,) = side_by_side(many).axes
    heights = [float(line.get_ydata()[0]) for line in axes.lines if line.get_linestyle() == "None"]  # type: ignore[index]
    assert len(heights) == 7
    assert min(a - b for a, b in itertools.pairwise(heights)) > 0.05


def test_without_rates_it_says_so() -> None:
    assert "probe a model first" in side_by_side(CARD[CARD["unit"] != "rate"]).alt
    with pytest.raises(UserError, match="missing: unit"):
        side_by_side(CARD.drop(columns="unit"))


def test_reliability_shows_full_bins_and_says_when_there_are_none() -> None:
    bins = pd.DataFrame(
        {
            "low": [0.0, 0.5],
            "high": [0.5, 1.0],
            "n": [0, 8],
            "confidence": [math.nan, 0.9],
            "right": [math.nan, 0.5],
        }
    )
    drawing = reliability(bins)
    assert drawing.alt.endswith("confidence 90%, accuracy 50% of 8")
    (dots,) = drawing.axes[0].collections[-1:]
    assert dots.get_offsets().tolist() == [[0.9, 0.5]]  # type: ignore[union-attr]
    assert "returns no scores" in reliability(bins.assign(n=0)).alt
