"""What a stage gives back is the same after it was stored."""

from __future__ import annotations

import string
import tempfile
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from veritrain_lib.stages.stage_result import Measure, StageResult
from veritrain_lib.stages.train.result import TrainResult

numbers = st.floats(allow_nan=False, allow_infinity=False)
measures = st.builds(
    Measure,
    value=st.none() | numbers,
    low=st.none() | numbers,
    high=st.none() | numbers,
    n=st.none() | st.integers(0, 10**9),
)
keys = st.text(string.ascii_lowercase + "_", min_size=1, max_size=12)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
tables = st.lists(st.tuples(texts, numbers, st.booleans(), st.integers(-(2**53), 2**53)), max_size=4).map(
    lambda rows: pd.DataFrame(rows, columns=["text", "number", "flag", "count"]).astype(
        {"text": "str", "number": "float64", "flag": "bool", "count": "int64"}
    )
)


@settings(max_examples=40, deadline=None)
@given(
    headline=texts,
    outcome=st.sampled_from(["done", "blocked", "waiting"]),
    measured=st.dictionaries(keys, measures, max_size=4),
    stored=st.dictionaries(keys, tables, max_size=2),
)
def test_every_result_comes_back_as_it_was_saved(
    headline: str, outcome: str, measured: dict[str, Measure], stored: dict[str, pd.DataFrame]
) -> None:
    result = TrainResult(headline=headline, outcome=outcome, measures=measured, tables=stored, rows=3)  # type: ignore[arg-type]
    with tempfile.TemporaryDirectory() as folder:
        result.save(Path(folder) / "new" / "place")
        again = TrainResult.load(Path(folder) / "new" / "place")
    assert again.model_dump() == result.model_dump()
    assert again.metrics() == result.metrics()
    assert sorted(again.tables) == sorted(stored)
    for name, rows in stored.items():
        pd.testing.assert_frame_equal(again.tables[name], rows)


def test_metrics_are_flat_and_leave_out_what_is_absent() -> None:
    result = StageResult(
        headline="x", measures={"accuracy": Measure(value=0.5, low=0.25, n=4), "left": Measure(value=None)}
    )
    assert result.metrics() == {"accuracy": 0.5, "accuracy_low": 0.25}
    assert result.measure_table()["name"].tolist() == ["accuracy", "left"]


def test_a_result_cannot_be_changed_or_given_unknown_parts() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        StageResult(headline="x").headline = "y"
    with pytest.raises(ValidationError, match="extra"):
        StageResult(headline="x", verdict="better")  # type: ignore[call-arg]


def test_the_notebook_shows_the_headline_as_text() -> None:
    page = StageResult(headline="<script>alert(1)</script>", measures={"a": Measure(value=1.0)})._repr_html_()
    assert "<script" not in page
    assert "&lt;script&gt;" in page
