"""Error rates and power of the promotion decision, simulated with known truth.

    python -m benchmarks.decision [--seed 0] [--pairs 1000]

A complete decision is what the loop does: screen on 240 development rows, then the exact test
at the level of the look and the guard over 12 slices on 720 held-out rows, through the same
`screen` and `decide` that the product calls. Measured, each in several settings:

- aa_single: promotions of a challenger that is exactly as good as the champion.
- aa_ten_rounds: loops with at least one false promotion in ten rounds on one fixed held-out
  test set, for several ways of making challengers, some of them adversarial.
- power_1_4, power_2: promotions of a challenger that is truly better, by 1.4 and 2 times
  the stated detectable difference.

The last line is one JSON object with the worst setting of each.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from veritrain_lib.statistics import LookPlan, Rate, decide, detectable_gain, screen
from veritrain_lib.statistics.mcnemar import exact_p

BoolArray = NDArray[np.bool_]
FloatArray = NDArray[np.float32]

N_DEV, N_TEST, N_SLICES, MARGIN, ROUNDS = 240, 720, 12, 0.10, 10
BLOCK = 500  # pairs or loops in memory at once
ONE_LOOK = LookPlan(max_looks=1)
TEN_LOOKS = LookPlan(max_looks=ROUNDS)


@dataclass(frozen=True)
class Setting:
    """A kind of task.

    Attributes:
        accuracy: of the champion.
        discordance: share of rows on which exactly one of two equal models is right.
        gain: source of a better challenger's gain. `shift`: right a little more often everywhere, so it also loses
            fewer rows. `added`: it loses as many rows as an equal model and wins more. `traded`: as `added`, and it
            is better in half of the slices at the cost of the other half, even when equal overall.
    """

    accuracy: float
    discordance: float
    gain: str = "shift"

    def __str__(self) -> str:
        return f"acc {self.accuracy:.2f} disc {self.discordance:.2f} {self.gain}"


SETTINGS = (
    Setting(0.70, 0.15),
    Setting(0.80, 0.10),
    Setting(0.88, 0.05),
    Setting(0.70, 0.05, "added"),
    Setting(0.70, 0.15, "added"),
    Setting(0.80, 0.10, "traded"),
)
LOOP_SETTINGS = (Setting(0.70, 0.15), Setting(0.80, 0.10), Setting(0.90, 0.05))


# --- slices and rows ---------------------------------------------------------------------


def _slice_of_row(n: int) -> NDArray[np.int64]:
    """Return the slice number of each row, shape (n,): unequal slices, the largest about four times the smallest."""
    weights = 1 / (np.arange(N_SLICES) + 4.0)
    ends = np.rint(np.cumsum(weights / weights.sum()) * n).astype(int)
    return np.searchsorted(ends, np.arange(n), side="right")


MASKS = {f"slice {k:02d}": _slice_of_row(N_TEST) == k for k in range(N_SLICES)}
ROW_SLICES = np.concatenate([_slice_of_row(N_DEV), _slice_of_row(N_TEST)])


@lru_cache
def _shared_ability(accuracy: float, discordance: float) -> float:
    """Return the correlation of two equal models' latent scores that gives the requested discordance.

    Each model is right on a row when sqrt(r) * ease + sqrt(1 - r) * independent noise is above a threshold, ease and
    noise standard normal: given the row, models err independently.
    """
    normal = NormalDist()
    ease = np.array([normal.inv_cdf((i + 0.5) / 2000) for i in range(2000)])
    low, high = 0.0, 0.99999
    for _ in range(50):
        middle = (low + high) / 2
        right = _right_given_ease(ease, accuracy, middle)
        low, high = (middle, high) if np.mean(2 * right * (1 - right)) > discordance else (low, middle)
    return low


def _right_given_ease(ease: NDArray[np.float64], accuracy: float, shared: float) -> NDArray[np.float64]:
    from scipy.special import ndtr

    at = (NormalDist().inv_cdf(accuracy) + np.sqrt(shared) * ease) / np.sqrt(1 - shared)
    return np.asarray(ndtr(at))


class Rows:
    """A block of development and held-out rows, shape (block, 960), on which models are drawn."""

    def __init__(self, rng: np.random.Generator, size: int, setting: Setting) -> None:
        self.rng, self.setting, self.shape = rng, setting, (size, N_DEV + N_TEST)
        self.ease = rng.standard_normal(self.shape)

    def chances(self, gain: float = 0.0) -> FloatArray:
        """Return the chance of being right, row by row, for a model better than the champion by `gain`."""
        shared = _shared_ability(self.setting.accuracy, self.setting.discordance)
        return _right_given_ease(self.ease, self.setting.accuracy + gain, shared).astype(np.float32)

    def draw(self, chances: FloatArray) -> BoolArray:
        """Draw one model."""
        return self.rng.random(self.shape, dtype=np.float32) < chances


def draw_pairs(
    rng: np.random.Generator, size: int, setting: Setting, gain: float
) -> tuple[BoolArray, BoolArray]:
    """Draw champion and challenger on the same rows, shape (size, 960) each, with true difference `gain`."""
    if setting.gain == "shift":
        rows = Rows(rng, size, setting)
        return rows.draw(rows.chances()), rows.draw(rows.chances(gain))
    trade = np.zeros(N_DEV + N_TEST)
    if setting.gain == "traded":
        up = ROW_SLICES % 2 == 0
        for part in (slice(0, N_DEV), slice(N_DEV, None)):  # balanced in either set
            share = up[part].mean()
            trade[part] = np.where(up[part], 1 - share, -share) * setting.discordance / 2
    wins = setting.discordance / 2 + gain + trade
    losses = setting.discordance / 2 - trade
    both = setting.accuracy - losses
    u = rng.random((size, N_DEV + N_TEST))
    champion = u < both + losses
    challenger = (u < both) | (~champion & (u < both + losses + wins))
    return champion, challenger


# --- decisions ---------------------------------------------------------------------------


def promotions(champion: BoolArray, challenger: BoolArray, level: float, screened: bool) -> BoolArray:
    """Run complete decisions on a block of pairs, shape (block, 960); without a screen every pair uses a look.

    `decide` is called for every pair whose test p value passes, and for a few others, to check that this shortcut
    changes nothing.
    """
    old, new = champion[:, N_DEV:], challenger[:, N_DEV:]
    p = exact_p((new & ~old).sum(axis=1), (old & ~new).sum(axis=1))
    promoted = np.zeros(len(old), dtype=np.bool_)
    for i in [*np.flatnonzero(p <= level), *np.flatnonzero(p > level)[:2]]:
        if screened:
            seen = screen(champion[i, :N_DEV], challenger[i, :N_DEV], n_test=N_TEST, look_alpha=level)
            if not seen.opens:
                continue
        verdict = decide(
            old[i], new[i], look_alpha=level, slices=MASKS, margin=MARGIN, n_dev=N_DEV if screened else 0
        )
        if verdict.promote and p[i] > level:
            raise AssertionError(f"decide promoted at p = {p[i]} and level {level}")
        promoted[i] = verdict.promote
    return promoted


def blocks(total: int) -> Iterator[int]:
    """Return block sizes that add up to a total."""
    for start in range(0, total, BLOCK):
        yield min(BLOCK, total - start)


def promoted_pairs(
    rng: np.random.Generator, pairs: int, setting: Setting, gain: float, level: float, ways: tuple[bool, ...]
) -> list[Rate]:
    """Return the rates of promotions at a true gain, on the same pairs with a screen (True) and without (False)."""
    hits = [0] * len(ways)
    for size in blocks(pairs):
        champion, challenger = draw_pairs(rng, size, setting, gain)
        for k, screened in enumerate(ways):
            hits[k] += int(promotions(champion, challenger, level, screened).sum())
    return [Rate(h, pairs) for h in hits]


# --- ten rounds --------------------------------------------------------------------------

Maker = Callable[[Rows, FloatArray, BoolArray, list[BoolArray]], BoolArray]
"""Makes the next challengers from rows, chances of the champion's class of models, the
champions and the challengers kept out so far. It sees development rows and the verdict
bits (before a false promotion all of them 'keep'), never test results."""


def fresh(rows: Rows, chances: FloatArray, champion: BoolArray, kept: list[BoolArray]) -> BoolArray:
    """Draw a new model each round: the least correlated, so the closest to the union bound."""
    return rows.draw(chances)


def recombined(rows: Rows, chances: FloatArray, champion: BoolArray, kept: list[BoolArray]) -> BoolArray:
    """Climb by the promotion bits: mix a new model row by row with the last challenger.

    After a 'keep' a random half of the last challenger's rows is replaced by those of another model.
    """
    new = rows.draw(chances)
    return np.where(rows.rng.random(rows.shape, dtype=np.float32) < 0.5, new, kept[-1]) if kept else new


def drifting(rows: Rows, chances: FloatArray, champion: BoolArray, kept: list[BoolArray]) -> BoolArray:
    """Change a fifth of the rows each round, moving away from the champion."""
    last = kept[-1] if kept else champion
    return np.where(rows.rng.random(rows.shape, dtype=np.float32) < 0.2, rows.draw(chances), last)


def best_on_dev(rows: Rows, chances: FloatArray, champion: BoolArray, kept: list[BoolArray]) -> BoolArray:
    """Select the best on development rows of six models, half new and half recombined, to exploit the screen."""
    n, size = N_DEV, rows.shape[0]
    best = recombined(rows, chances, champion, kept)
    # Candidates differ on development rows only by luck, so the held-out part of `best` is representative.
    for k in range(5):
        dev = rows.rng.random((size, n), dtype=np.float32) < chances[:, :n]
        if kept and k % 2:
            dev = np.where(
                rows.rng.random((size, n), dtype=np.float32) < 0.5, dev, kept[-1 - k % len(kept)][:, :n]
            )
        wins = dev.sum(axis=1) > best[:, :n].sum(axis=1)
        best[wins, :n] = dev[wins]
    return best


VARIANTS: tuple[tuple[str, Maker, bool, LookPlan, bool], ...] = (
    ("new models, screened", fresh, True, TEN_LOOKS, False),
    ("best of 6 on dev, screened", best_on_dev, True, TEN_LOOKS, False),
    ("new models, no screen", fresh, False, TEN_LOOKS, False),
    ("recombined, no screen", recombined, False, TEN_LOOKS, False),
    ("drifting, no screen", drifting, False, TEN_LOOKS, False),
    ("new models, no screen, halving", fresh, False, LookPlan(ROUNDS, spending="halving"), False),
    ("new models, no screen, harmonic", fresh, False, LookPlan(ROUNDS, spending="harmonic"), False),
    ("true gains mixed in, no screen", recombined, False, TEN_LOOKS, True),
)


def false_promotion_loops(
    rng: np.random.Generator,
    loops: int,
    setting: Setting,
    make: Maker,
    screened: bool,
    plan: LookPlan,
    gains: bool,
) -> Rate:
    """Return the rate of loops with a promotion of a challenger that is no better than the champion it replaces.

    With `gains`, rounds 1, 4 and 7 offer a truly better challenger, by half the detectable difference so that the
    held-out test set decides whether it is promoted; from then on challengers are only as good as the new champion.
    Promotions of those true gains aren't counted.
    """
    step = 0.0
    if gains:
        step = 0.5 * (detectable_gain(0, N_TEST, setting.discordance, plan.alpha_at(1)) or 0.0)
    hits = 0
    for size in blocks(loops):
        rows = Rows(rng, size, setting)
        ladder = [rows.chances(step * k) for k in range(4 if gains else 1)]
        level = np.zeros(size, dtype=np.int64)  # steps of true gain the champion has made
        champion = rows.draw(ladder[0])
        kept: list[BoolArray] = []
        fooled = np.zeros(size, dtype=np.bool_)
        for look in range(1, ROUNDS + 1):
            offer = gains and look in (1, 4, 7)
            chances = _chances_at(ladder, level + 1 if offer else level)
            challenger = rows.draw(chances) if offer else make(rows, chances, champion, kept)
            promoted = promotions(champion, challenger, plan.alpha_at(look), screened)
            if offer:
                champion = np.where(promoted[:, None], challenger, champion)
                level += promoted
                kept = []  # earlier challengers are worse than a new champion: start afresh
            else:
                fooled |= promoted
                kept.append(challenger)
        hits += int(fooled.sum())
    return Rate(hits, loops)


def _chances_at(ladder: list[FloatArray], level: NDArray[np.int64]) -> FloatArray:
    if len(ladder) == 1:
        return ladder[0]
    return np.stack(ladder)[np.minimum(level, len(ladder) - 1), np.arange(len(level))]


def leaking_loops(rng: np.random.Generator, loops: int, setting: Setting) -> Rate:
    """Simulate what the design forbids, for contrast: challengers climb on the test-set difference itself."""
    hits = 0
    for size in blocks(loops):
        rows = Rows(rng, size, setting)
        chances = rows.chances()
        champion = rows.draw(chances)
        best, fooled = champion, np.zeros(size, dtype=np.bool_)
        for look in range(1, ROUNDS + 1):
            half = rows.rng.random(rows.shape, dtype=np.float32) < 0.5
            challenger = np.where(half, rows.draw(chances), best)
            fooled |= promotions(champion, challenger, TEN_LOOKS.alpha_at(look), False)
            ahead = challenger[:, N_DEV:].sum(axis=1) > best[:, N_DEV:].sum(axis=1)
            best = np.where(ahead[:, None], challenger, best)
        hits += int(fooled.sum())
    return Rate(hits, loops)


# --- report ------------------------------------------------------------------------------


def shown(rate: Rate) -> str:
    """Format a rate with its 95 % interval."""
    return f"{rate.value or 0.0:.4f} [{rate.interval.low:.4f}, {rate.interval.high:.4f}]"


def main(arguments: list[str] | None = None) -> dict[str, float]:
    """Run, print the tables and the JSON line, and return its content."""
    parser = argparse.ArgumentParser(description="Error and power of whole promotion decisions.")
    parser.add_argument("--seed", type=int, default=0, help="seed of all simulations (default 0)")
    parser.add_argument(
        "--pairs", type=int, default=1000, help="pairs for power; A/A takes 8 times, loops 4 times as many"
    )
    options = parser.parse_args(arguments)
    if options.pairs < 1:
        parser.error(f"--pairs is {options.pairs}: allowed is 1 or more")
    started = time.perf_counter()
    seeds = iter(np.random.SeedSequence(options.seed).spawn(1000))
    # Without a screen the exact test's own error is near 0.04: only many runs tell that from
    # 0.05, and the worst of many cells is the worst of as many throws of the dice.
    many = max(4000, 4 * options.pairs)

    def rng() -> np.random.Generator:
        return np.random.default_rng(next(seeds))

    print(
        f"seed {options.seed}; {N_DEV} development and {N_TEST} held-out rows, {N_SLICES} slices, "
        f"margin {MARGIN};\n{2 * many} A/A pairs, {many} loops, {options.pairs} pairs for power "
        "(a quarter at 1.0); 95 % Agresti-Coull intervals\n"
    )
    print(
        "One decision. 'stated': the detectable difference in points; power 1.0 should be near 0.80 or above."
    )
    single: list[Rate] = []
    power: dict[float, list[Rate]] = {1.0: [], 1.4: [], 2.0: []}
    for plan in (ONE_LOOK, TEN_LOOKS):
        level = plan.alpha_at(1)
        print(f"\nlook 1 of {plan.max_looks}, level {level:.4g}")
        head = ("setting", "stated", "A/A", "A/A without screen", "power 1.0", "power 1.4", "power 2.0")
        print(f"{head[0]:26} {head[1]:>6}  " + "  ".join(f"{h:24}" for h in head[2:]))
        for setting in SETTINGS:
            stated = detectable_gain(N_DEV, N_TEST, setting.discordance, level) or 1.0
            aa = promoted_pairs(rng(), 2 * many, setting, 0.0, level, (True, False))
            single += aa
            found = []
            for times, rates in power.items():
                # power at 1.0 is for people only
                n = options.pairs if times > 1 else max(options.pairs // 4, 1)
                rates += promoted_pairs(rng(), n, setting, times * stated, level, (True,))
                found.append(rates[-1])
            print(
                f"{setting!s:26} {100 * stated:6.2f}  " + "  ".join(f"{shown(r):24}" for r in [*aa, *found])
            )
    print(f"\nTen rounds on one held-out test set: loops with a false promotion, n = {many}")
    print(f"{'variant':34}" + "  ".join(f"{s!s:24}" for s in LOOP_SETTINGS))
    loops: list[Rate] = []
    for name, make, screened, plan, gains in VARIANTS:
        row = [false_promotion_loops(rng(), many, s, make, screened, plan, gains) for s in LOOP_SETTINGS]
        loops += row
        print(f"{name:34}" + "  ".join(f"{shown(r):24}" for r in row))
    row = [leaking_loops(rng(), 1000, s) for s in LOOP_SETTINGS]
    print(
        f"{'FORBIDDEN: test score fed back':34}" + "  ".join(f"{shown(r):24}" for r in row) + "  not counted"
    )
    print(f"\n{time.perf_counter() - started:.0f} s")
    result = {
        "aa_single": max(r.value or 0.0 for r in single),
        "aa_ten_rounds": max(r.value or 0.0 for r in loops),
        "power_1_4": min(r.value or 0.0 for r in power[1.4]),
        "power_2": min(r.value or 0.0 for r in power[2.0]),
    }
    print(json.dumps(result))
    return result


if __name__ == "__main__":
    main()
