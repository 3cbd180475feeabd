"""Coverage of the displayed intervals, and agreement of tests and intervals, simulated with known truth.

    python -m benchmarks.numbers [--seed 0] [--tries 4000]

- rates: Agresti-Coull intervals of a rate, exact over all counts: the least and the mean coverage by rows, over true
  rates from 0.5 to 0.995.
- macro F1: intervals of models whose confusions are drawn at random, by labels, rows and the rarity of labels.
- paired: intervals of the difference of two models on the same rows (right or wrong, after they were made to agree with
  the exact test).
- agree: tables of wins and losses in which test and interval contradict each other.
- detectable: slices whose stated detectable loss is more than the champion has to lose.

The last line is one JSON object with the worst of each.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from veritrain_lib.statistics import Rate, judge_slices, macro_f1_interval
from veritrain_lib.statistics.consistent_interval import make_consistent_with_test
from veritrain_lib.statistics.intervals import agresti_coull, paired_difference_bounds
from veritrain_lib.statistics.mcnemar import exact_p

LEVEL = 0.95


@dataclass(frozen=True)
class Confused:
    """A kind of classification task: labels, rows and accuracy.

    `skewed`: label frequencies as 1/rank; `pairs`: pairs of labels that are confused more often than others.
    """

    labels: int
    rows: int
    accuracy: float
    skewed: bool = False
    pairs: bool = False

    def __str__(self) -> str:
        kind = f"{', skewed' if self.skewed else ''}{', pairs' if self.pairs else ''}"
        return f"{self.labels} labels, {self.rows} rows, accuracy {self.accuracy}{kind}"


MACRO_F1 = (
    Confused(50, 200, 0.8),
    Confused(50, 200, 0.8, skewed=True, pairs=True),
    Confused(5, 50, 0.8),
    Confused(10, 50, 0.8, pairs=True),
    Confused(2, 50, 0.9),
    Confused(3, 50, 0.97),
    Confused(12, 50, 0.9, skewed=True, pairs=True),
    Confused(50, 50, 0.8),
    Confused(50, 200, 0.6, pairs=True),
    Confused(12, 240, 0.8, pairs=True),
    Confused(12, 720, 0.85, pairs=True),
    Confused(150, 720, 0.85, pairs=True),
)


def population(rng: np.random.Generator, setting: Confused) -> NDArray[np.float64]:
    """Return the probabilities of (true label, answer), shape (labels, labels); accuracy varies by label (sd 0.08)."""
    count = setting.labels
    often = 1 / np.arange(1, count + 1) if setting.skewed else np.ones(count)
    often = often / often.sum()
    right = np.clip(rng.normal(setting.accuracy, 0.08, count), 0.3, 0.995)
    cells = np.zeros((count, count))
    for label in range(count):
        spread = rng.dirichlet(np.full(count, 0.3)) if setting.pairs else np.ones(count)
        spread[label] = 0
        cells[label] = often[label] * (1 - right[label]) * spread / spread.sum()
        cells[label, label] = often[label] * right[label]
    return cells


def macro_f1_coverage(rng: np.random.Generator, setting: Confused, tries: int) -> Rate:
    """Return how often the interval contains the macro F1 of the population that the rows were drawn from."""
    hits, truth = 0, 0.0
    cells = np.zeros((1, 1))
    for number in range(tries):
        if number % 10 == 0:
            cells = population(rng, setting)
            truth = float(np.mean(2 * np.diag(cells) / (cells.sum(0) + cells.sum(1))))
        drawn = rng.choice(cells.size, setting.rows, p=cells.ravel())
        hits += truth in macro_f1_interval(drawn // setting.labels, drawn % setting.labels, setting.labels)
    return Rate(hits, tries)


def rate_coverage(n: int) -> tuple[float, float, float]:
    """Return the exact coverage of the interval of a rate on n rows: minimum and mean over true rates, and at 0.99."""
    from scipy.stats import binom

    counts = np.arange(n + 1)
    bounds = [agresti_coull(int(count), n, LEVEL) for count in counts]
    low, high = np.array([each.low for each in bounds]), np.array([each.high for each in bounds])
    rates = np.append(np.linspace(0.5, 0.995, 400), 0.99)
    covered = [float(binom.pmf(counts, n, rate)[(low <= rate) & (rate <= high)].sum()) for rate in rates]
    return min(covered), float(np.mean(covered)), covered[-1]


def paired_coverage(rng: np.random.Generator, n: int, wins: float, losses: float, tries: int) -> Rate:
    """Return how often the interval of a paired difference, reconciled with its test, contains the true difference."""
    both, won, lost, neither = rng.multinomial(n, [0.7, wins, losses, 0.3 - wins - losses], tries).T
    low, high = agreed(both, won, lost, neither, (1 - LEVEL) / 2)
    return Rate(int(np.sum((low <= wins - losses) & (wins - losses <= high))), tries)


def agreed(
    both: NDArray[np.int64],
    wins: NDArray[np.int64],
    losses: NDArray[np.int64],
    neither: NDArray[np.int64],
    alpha: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the ends of the product's interval for tables of counts."""
    n = both + wins + losses + neither
    bounds = paired_difference_bounds(both, wins, losses, neither, 1 - 2 * alpha)
    return make_consistent_with_test(
        *bounds, (wins - losses) / n, exact_p(wins, losses), exact_p(losses, wins), alpha
    )


def disagreements(alpha: float, counts: Iterable[int], both: int) -> tuple[int, int, int]:
    """Count the tables of wins and losses at one level: all, contradicting their test, and with an adjusted end."""
    wins, losses = (each.ravel() for each in np.meshgrid(list(counts), list(counts)))
    rest = np.full_like(wins, both)
    n = 2 * both + wins + losses
    plain_low, plain_high = paired_difference_bounds(rest, wins, losses, rest, 1 - 2 * alpha)
    greater, less = exact_p(wins, losses), exact_p(losses, wins)
    low, high = make_consistent_with_test(plain_low, plain_high, (wins - losses) / n, greater, less, alpha)
    wrong = ((greater <= alpha) != (low > 0)) | ((less <= alpha) != (high < 0)) | (low > high)
    moved = (low != plain_low) | (high != plain_high)
    return wins.size, int(wrong.sum()), int(moved.sum())


def impossible_losses(rng: np.random.Generator, tries: int) -> int:
    """Count slices of 3 to 60 rows that state a detectable loss above the champion's score there."""
    found = 0
    for _ in range(tries):
        old = rng.random(600) < 0.85
        new = np.where(rng.random(600) < 0.1, ~old, old)
        ends = np.cumsum(rng.integers(3, 60, 8))
        masks = {f"s{k}": (np.arange(600) >= end - 12) & (np.arange(600) < end) for k, end in enumerate(ends)}
        for part in judge_slices(old, new, masks):
            found += part.detectable_loss is not None and part.detectable_loss > (part.champion or 0.0) + 1e-6
    return found


def main(arguments: list[str] | None = None) -> dict[str, float]:
    """Run, print the tables and the JSON line, and return its content."""
    parser = argparse.ArgumentParser(description="Coverage of intervals, and agreement with tests.")
    parser.add_argument("--seed", type=int, default=0, help="seed of all simulations (default 0)")
    parser.add_argument("--tries", type=int, default=4000, help="samples a setting (default 4000)")
    options = parser.parse_args(arguments)
    rng = np.random.default_rng(options.seed)
    rates = {n: rate_coverage(n) for n in (10, 20, 50, 100, 200, 720)}
    print("rate, Agresti-Coull 95 %: rows, least and mean coverage over true rates 0.5 to 0.995, at 0.99")
    for n, (least, mean, near_one) in rates.items():
        print(f"{n:>6} {least:.3f} {mean:.3f} {near_one:.3f}")
    print(f"\nmacro F1, {options.tries} samples a setting")
    macro = {setting: macro_f1_coverage(rng, setting, options.tries).value or 0.0 for setting in MACRO_F1}
    for setting, covered in macro.items():
        print(f"{setting!s:<60} {covered:.3f}")
    print("\ndifference on the same rows, made to agree with the exact test: rows, wins, losses, coverage")
    paired = []
    for n in (30, 100, 720):
        for wins, losses in ((0.05, 0.05), (0.1, 0.05), (0.12, 0.02)):
            paired.append(paired_coverage(rng, n, wins, losses, 5 * options.tries).value or 0.0)
            print(f"{n:>6} {wins:.2f} {losses:.2f} {paired[-1]:.3f}")
    print("\nlevel, tables of wins and losses, contradictions, ends moved")
    contradictions = 0
    for alpha in (0.05, 0.025, 0.01, 0.005):
        tables, wrong, moved = disagreements(alpha, range(0, 80), 100)
        contradictions += wrong
        print(f"{alpha:>6} {tables} {wrong} {moved}")
    result = {
        "rate_50_at_99": rates[50][2],
        "rate_least": min(least for least, _, _ in rates.values()),
        "macro_f1_least": min(macro.values()),
        "macro_f1_most": max(macro.values()),
        "paired_least": min(paired),
        "contradictions": contradictions,
        "impossible_losses": impossible_losses(rng, 200),
    }
    print(json.dumps(result))
    return result


if __name__ == "__main__":
    main()
