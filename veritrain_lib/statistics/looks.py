"""Alpha-spending plan of the looks at the held-out test set: how many comparisons, and at which error rates.

One look is one evaluation of a new pair of champion and challenger on the test set. A task fixes, before the first
look, how many looks there may be and how its one-sided error budget alpha is divided among them. Each look is tested
at the level of its share.

Why a sum is enough although the loop adapts. A look tells the loop one bit: promote or keep. Suppose that no challenger
is truly better. Until the first false promotion every answer was 'keep', so the champion and the whole sequence of
challengers up to then are the same as without any evaluation on the set: they don't depend on it. Each test up to then
therefore holds its level, and the chance of a first false promotion anywhere is at most the sum of the levels. The idea
that few bits of feedback keep a reused holdout honest is from A. Blum and M. Hardt (2015), 'The Ladder', ICML, and
C. Dwork et al. (2015), Science 349:636-638.

How looks are counted. Looks are counted by the rows that were evaluated, whatever the file, the task or the experiment
is called. The sum above runs over every look that may have shaped the challengers through the very rows that judge them
now, so a set inherits the looks of the earlier sets whose rows it holds (`sets_with_inherited_looks`): those with the
most common rows first, until at most `REUSED_SHARE` (5 %) of its rows were shown in the remaining sets. A file with an
additional row, in another order, truncated, or combined from several evaluated files therefore inherits their looks. A
newly drawn set does not, although short lines ("Thank you.") may occur in both: a text that recurs in a new draw is a
new observation. The tolerance costs little: at most 5 % of reused rows can raise the observed gain by at most 5 % of
what was selected on them, and a verdict is one bit a look.

The plan is fixed with the first look: it is stored, and a later plan may be narrower but never wider at any look
(`LookPlan.wider_than`). A plan that changes after a result is known may depend on it, and only levels that were fixed
beforehand add up to a bound.

The argument does not cover:

- A row that somebody rewrites before it is used again: it counts as another row.
- Any other information from the held-out test set that reaches the people or the code that make challengers: p
  values, differences, slice tables, single rows. After somebody reads a report of the test set and continues, the
  guarantee no longer holds. Steer by development rows.
- A true promotion in between. Whether it happens is itself decided by the test set, so later challengers may depend on
  it; the sum then has to run over all possible sequences of answers, see `LookPlan.guaranteed_error`. That is a worst
  case. In simulation true gains make false promotions rarer, not more frequent (`python -m benchmarks.decision`): a
  champion that was promoted on these rows, or was kept against a better challenger, scores too high on them.
- What happens after the first false promotion.
- Held-out rows that leaked into training, or rows that aren't independent of each other.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Hashable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeVar, get_args

from veritrain_lib.statistics.scores import check_fraction

Spending = Literal["even", "halving", "harmonic"]

Key = TypeVar("Key", bound=Hashable)

REUSED_SHARE = 0.05
"""Largest share (0..1) of a test set's rows that earlier looks may have shown without counting against the set."""


class LooksSpentError(ValueError):
    """Error: no look at the held-out test set is left; all that its plan allows are used."""


@dataclass(frozen=True)
class LookPlan:
    """Plan of how many looks (comparisons on the held-out test set) are allowed, each at which significance level.

    Attributes:
        max_looks: how many looks there may be, 1 or more, default 10. A round whose challenger fails on
            development rows uses no look.
        alpha: one-sided error budget: the chance of a false promotion in all looks together, strictly
            between 0 and 1, default 0.05.
        spending: how alpha is divided. `even` (default) gives every look the same share; `halving` gives
            each look half of what is left, and the last one all of it, for loops whose first gains are the
            large ones or whose number of rounds is open; `harmonic` gives shares proportional to 1 / look
            number, between the two. Fixed series of this kind are alpha-spending in the sense of D. Foster
            and R. Stine (2008), JRSS B 70:429-444; any series chosen beforehand that sums to alpha is valid.

    Raises:
        ValueError: max_looks below 1, alpha outside 0..1, or unknown spending.
    """

    max_looks: int = 10
    alpha: float = 0.05
    spending: Spending = "even"

    def __post_init__(self) -> None:
        if self.max_looks < 1:
            raise ValueError(f"max_looks is {self.max_looks}: allowed is 1 or more")
        check_fraction("alpha", self.alpha)
        if self.spending not in get_args(Spending):
            raise ValueError(
                f"spending is {self.spending!r}: allowed is one of {', '.join(get_args(Spending))}"
            )

    def alpha_at(self, look: int) -> float:
        """Return the significance level at which a look at the held-out test set is tested.

        Args:
            look: number of the look, from 1 to max_looks.

        Raises:
            LooksSpentError: look is beyond max_looks.
            ValueError: look is below 1.
        """
        if look < 1:
            raise ValueError(f"look is {look}: looks are counted from 1")
        if look > self.max_looks:
            raise LooksSpentError(
                f"look {look} was requested, but the plan allows {self.max_looks}: "
                "provide a new held-out test set; a plan can't be widened after the first look"
            )
        return self.schedule()[look - 1]

    def schedule(self) -> tuple[float, ...]:
        """Return the significance levels of all looks at the test set, in order; their sum never exceeds alpha."""
        k = self.max_looks
        if self.spending == "even":
            shares = [1 / k] * k
        elif self.spending == "halving":
            shares = [2.0**-look for look in range(1, k)] + [2.0 ** -(k - 1)]
        else:
            total = math.fsum(1 / look for look in range(1, k + 1))
            shares = [1 / look / total for look in range(1, k + 1)]
        levels = [self.alpha * share for share in shares]
        # Rounding may raise the sum above alpha by the last bit; scale it down.
        while math.fsum(levels) > self.alpha:
            levels = [level * (1 - 2**-52) for level in levels]
        return tuple(levels)

    def wider_than(self, stored: LookPlan) -> bool:
        """Return whether this plan allows more looks at the test set than a stored plan, or a higher level at any look."""
        if self.max_looks > stored.max_looks:
            return True
        # The tolerance covers rounding, by which two series of equal sums may differ.
        return any(
            requested > allowed * (1 + 1e-9)
            for requested, allowed in zip(self.schedule(), stored.schedule(), strict=False)
        )

    def __str__(self) -> str:
        return f"alpha {self.alpha:g} over {self.max_looks} looks, spending {self.spending}"

    def guaranteed_error(self, true_promotions: int = 0) -> float:
        """Return a proven upper bound on the probability of any false promotion after some true promotions.

        The bound is a sum over the looks: the level of each look times the number of sequences of earlier answers
        (promote or keep) with at most `true_promotions` promotions. With 0 it equals alpha.

        Args:
            true_promotions: largest number of true promotions before the false one, default 0.

        Returns:
            The bound, at most 1.

        Raises:
            ValueError: true_promotions is negative.
        """
        if true_promotions < 0:
            raise ValueError(f"true_promotions is {true_promotions}: allowed is 0 or more")
        total = math.fsum(
            level * sum(math.comb(earlier, k) for k in range(min(true_promotions, earlier) + 1))
            for earlier, level in enumerate(self.schedule())
        )
        return min(1.0, total)


def sets_with_inherited_looks(
    rows: Collection[str], shown: Mapping[Key, Collection[str]], share: float = REUSED_SHARE
) -> list[Key]:
    """Return the earlier test sets whose looks (evaluations) also count for a new test set, because they share rows with it.

    Sets that share the fewest rows are left out first, as long as the sets left out showed at most `share` of the rows.

    Args:
        rows: digests of the rows of the set that is to be evaluated.
        shown: for each earlier set, by any key, the digests of the rows that it showed.
        share: largest share of `rows` that may have been shown in sets that are left out, 0..1, default 0.05.

    Returns:
        The keys of the sets that count; empty for a set without rows.
    """
    current = set(rows)
    common = {name: current.intersection(earlier) for name, earlier in shown.items()}
    tolerated: set[str] = set()
    counted: list[Key] = []
    for name in sorted(common, key=lambda key: len(common[key])):
        if len(tolerated | common[name]) <= share * len(current):
            tolerated |= common[name]
        else:
            counted.append(name)
    return counted
