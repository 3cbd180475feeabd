"""Expected calibration error against sums written out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from veritrain_lib.core.records import Candidate, Response
from veritrain_lib.stages.probe.measures.calibration import calibration


def answers(*pairs: tuple[float | None, bool]) -> tuple[list[Response], list[str]]:
    responses = [
        Response((Candidate("a", score),), raw="") if score is not None else Response((), raw="", error="no")
        for score, _ in pairs
    ]
    return responses, ["a" if right else "b" for _, right in pairs]


def test_the_error_is_the_weighted_gap_of_the_bins() -> None:
    measure, bins = calibration(*answers((0.95, True), (0.91, False), (0.25, False), (0.21, True)))
    # Bin 0.9 to 1: sure 0.93, right 0.5; bin 0.2 to 0.3: sure 0.23, right 0.5.
    assert measure.value == pytest.approx(0.5 * 0.43 + 0.5 * 0.27)
    assert measure.n == 4
    full = bins[bins["n"] > 0]
    assert full[["low", "n", "confidence", "right"]].to_numpy().tolist() == [
        pytest.approx([0.2, 2, 0.23, 0.5]),
        pytest.approx([0.9, 2, 0.93, 0.5]),
    ]
    assert len(bins) == 10


def test_an_honest_model_has_a_small_error_and_a_boastful_one_a_large_one() -> None:
    chance = np.random.default_rng(3)
    sure = chance.random(4000)
    right = chance.random(4000) < sure
    honest, _ = calibration(*answers(*zip(sure.tolist(), right.tolist(), strict=True)))
    boastful, _ = calibration(*answers(*((1.0, bool(one)) for one in right)))
    assert honest.value is not None
    assert honest.value < 0.03
    assert boastful.value == pytest.approx(1 - right.mean())


def test_the_interval_holds_the_value_and_covers_the_truth() -> None:
    # Sure at 0.8 always, right at 0.6: the true error is 0.2.
    chance = np.random.default_rng(5)
    covered = 0
    for seed in range(100):
        measure, _ = calibration(*answers(*((0.8, bool(one)) for one in chance.random(120) < 0.6)), seed=seed)
        assert measure.low is not None
        assert measure.high is not None
        assert measure.value is not None
        assert 0 <= measure.low <= measure.value <= measure.high <= 1
        covered += measure.low <= 0.2 <= measure.high
    assert covered >= 88, "95 are to be expected"


def test_a_row_without_a_score_is_a_gap_of_one_of_its_own() -> None:
    measure, bins = calibration(*answers((1.0, True), (None, True), (1.0, True), (None, False)))
    assert measure.value == 0.5
    assert bins["n"].sum() == 2


@pytest.mark.parametrize("scores", [(None, None), (0.5, 1.5), (-0.1, 0.5)])
def test_what_is_no_confidence_is_not_measured(scores: tuple[float | None, ...]) -> None:
    measure, bins = calibration(*answers(*((score, True) for score in scores)))
    assert (measure.value, measure.low, measure.n) == (None, None, 2)
    assert bins["n"].sum() == 0
