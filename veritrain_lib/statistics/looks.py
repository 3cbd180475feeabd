"""Alpha-spending plan of the looks at the held-out test set.

One look is one evaluation of a new pair of champion and challenger on the test set. A task fixes, before the first
look, how many looks there may be and how its one-sided error budget alpha is divided among them. Each look is tested
at the level of its share.

Why a sum is enough although the loop adapts. The loop receives one bit a look: promote or
keep. Suppose no challenger it evaluates is truly better. Until the first false promotion
every answer was 'keep', so the champion and the whole sequence of challengers along that
path are what they would have been without any evaluation on the set: they don't depend on it.
Each test on the path therefore holds its level, and the chance of a first false
promotion anywhere is at most the sum of the levels. The idea that few bits of feedback
keep a reused holdout honest is from A. Blum and M. Hardt (2015), 'The Ladder', ICML, and
C. Dwork et al. (2015), Science 349:636-638.

Looks are counted by the rows that were evaluated, whatever the file, the task or the experiment is called. The sum above runs over every look that may have shaped the challengers through
the very rows that judge them now, so a set inherits the looks of the earlier sets whose rows it holds
(`sets_with_inherited_looks`): those with the most common rows first, until at most `REUSED_SHARE` (5 %) of its
rows were shown in the remaining sets. A file with an additional row, in another order, truncated, or combined from
several evaluated files therefore inherits their looks. A newly drawn set does not, although short lines
("Thank you.") may occur in both: a text that recurs in a new draw is a new observation. The tolerance costs little:
at most 5 % of reused rows can raise the observed gain by at most 5 % of what was selected on them, and a
verdict is one bit a look.

The plan is fixed with the first look: it is stored, and a later one may be narrower but never wider at any look
(`LookPlan.wider_than`). A plan that changes after a result is known may depend on it, and only fixed series sum up.

What the argument does not cover:
- A row that somebody rewrites before it is used again: it counts as another row.
- Any other information from the held-out test set that reaches the people or the code that make challengers: p
  values, differences, slice tables, single rows. After somebody reads a report of the test set and continues, the
  guarantee no longer holds. Steer by development rows.
- A true promotion in between. Whether it happens is itself decided by the test set, so
  later challengers may depend on it; the sum then has to run over all histories, see
  `LookPlan.guaranteed_error`. That is a worst case. In simulation true gains make false
  promotions rarer, not more frequent (`python -m benchmarks.decision`): a champion that was
  promoted on these rows, or was kept against a better challenger, scores too high on them.
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
"""Share of a test set's rows that may have been shown in looks that do not count against it."""


class LooksSpentError(ValueError):
    """Raised when all looks at the held-out test set that its plan allows are used."""


@dataclass(frozen=True)
class LookPlan:
    """A budget of looks at the held-out test set, with the level of each.

    Attributes:
        max_looks: how many looks there may be, 1 or more, default 10. A round that is
            stopped by the development screen uses no look.
        alpha: one-sided budget for a false promotion in all looks together, strictly
            between 0 and 1, default 0.05.
        spending: `even` (default) gives every look the same share; `halving` spends half
            of what is left, and all of it at the last look, for loops whose first gains
            are the large ones or whose number of rounds is open; `harmonic` makes the
            share fall as 1/look, between the two. Fixed series of this kind are
            alpha-spending in the sense of D. Foster and R. Stine (2008), JRSS B
            70:429-444; any series chosen beforehand that sums to alpha is valid.

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
        """Return the level at which a look is tested.

        Args:
            look: 1 for the first look, up to max_looks.

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
        """Return the levels of all looks, first look first; their sum never exceeds alpha."""
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
        """Return whether this plan spends more than a stored one: more looks, or a higher level at any of them."""
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
        """Return a proven bound on the chance of any false promotion after a number of true ones.

        The level of each look times the number of histories of promote and keep bits that
        could have led to it with at most that many promotions. With 0 it is alpha.

        Args:
            true_promotions: largest number of true promotions before the false one, default 0.

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
    """Return the earlier test sets whose looks count against a test set.

    Args:
        rows: digests of the rows of the set that is to be evaluated.
        shown: digests of the rows that each earlier set showed.
        share: share of `rows` that may have been shown in sets that don't count, 0..1.

    Returns:
        The fewest sets such that at most `share` of the rows were shown in the others; none for a set without rows.
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
