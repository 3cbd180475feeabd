"""A batch harms or helps only where that is shown over all batches together."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import fisher_exact, norm

from veritrain_lib.statistics.batch_effects import (
    Contradicted,
    judge_batches,
    mean_effect,
    suspect_batches,
)


def test_a_clear_loss_harms_a_clear_gain_helps_and_noise_can_not_be_told() -> None:
    noise = np.random.default_rng(0).normal(size=400)
    noise -= noise.mean()
    effects = {"good": noise + 0.3, "bad": noise - 0.3, "nothing": noise}
    verdicts = {effect.name: effect for effect in judge_batches(effects)}
    assert [effect.verdict for effect in verdicts.values()] == ["helps", "harms", "can't tell"]
    assert verdicts["bad"].effect == pytest.approx(-0.3)
    assert verdicts["bad"].interval.high < 0 < verdicts["good"].interval.low


def test_one_loss_among_many_batches_needs_stronger_evidence() -> None:
    noise = np.random.default_rng(1).normal(size=400)
    noise = (noise - noise.mean()) / noise.std()
    lost = noise - norm.isf(0.02) / np.sqrt(400)  # one-sided p about 0.02
    assert judge_batches({"bad": lost})[0].verdict == "harms"
    others = {f"other {place}": noise + 0.001 for place in range(9)}
    assert judge_batches({"bad": lost, **others})[0].verdict == "can't tell"


@pytest.mark.slow  # 400 bootstraps
def test_ten_batches_without_an_effect_are_rarely_said_to_harm() -> None:
    rng = np.random.default_rng(2)
    named = sum(
        any(
            effect.verdict == "harms"
            for effect in judge_batches({str(place): rng.normal(size=60) for place in range(10)})
        )
        for _ in range(40)
    )
    assert named <= 6  # expected 2 of 40; more than 6 has a chance below 1 %


def test_the_interval_of_a_mean_is_that_of_the_normal_approximation() -> None:
    values = np.random.default_rng(3).normal(1.0, 2.0, size=2000)
    mean, interval = mean_effect(values)
    error = values.std() / np.sqrt(2000)
    assert (interval.low, interval.high) == pytest.approx(
        (mean - 1.96 * error, mean + 1.96 * error), abs=0.02
    )


def test_effects_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(ValueError, match="batch 'a' has effects of shape"):
        judge_batches({"a": [float("nan"), 1.0]})
    assert judge_batches({}) == []


def test_a_batch_is_suspect_when_it_is_contradicted_more_often_than_the_others() -> None:
    counts = {f"batch {place}": Contradicted(20, 100) for place in range(9)} | {"bad": Contradicted(60, 100)}
    p_values, suspects = suspect_batches(counts)
    assert suspects == ["bad"]
    # Fisher's exact test of 60 of 100 against 180 of 900, ten times for Holm's method.
    table = [[60, 40], [180, 720]]
    assert p_values["bad"] == pytest.approx(10 * fisher_exact(table, alternative="greater").pvalue)
    assert suspect_batches({"only": Contradicted(60, 100)})[1] == []
    assert suspect_batches({"none judged": Contradicted(0, 0), "none": Contradicted(0, 9)})[1] == []


def test_a_suspect_batch_harms_where_its_contradicted_rows_lose_although_the_batch_gains() -> None:
    noise = np.random.default_rng(4).normal(size=400)
    noise -= noise.mean()
    effects = {"bad": noise + 0.02, "hard": noise + 0.02}
    suspects = {"bad": noise / 10 - 0.1, "hard": noise / 10 + 0.1}
    assert [each.verdict for each in judge_batches(effects, suspects)] == ["harms", "can't tell"]


def test_a_batch_that_is_shown_to_help_is_not_said_to_harm_for_a_few_rows_that_lose() -> None:
    noise = np.random.default_rng(5).normal(size=400)
    noise -= noise.mean()
    (judged,) = judge_batches({"mostly right": noise + 0.3}, {"mostly right": noise / 10 - 0.1})
    assert judged.verdict == "helps"
