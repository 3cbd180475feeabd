"""How often the sealed test set may be looked at, and what each look may cost.

A task fixes, before the first look, how many looks there may be and how its one-sided
error budget alpha is spread over them. Each look is tested at its own share.

Why a sum is enough although the loop adapts. The loop hears one bit a look: promote or
keep. Suppose no challenger it offers is truly better. Until the first false promotion
every answer was 'keep', so the champion and the whole sequence of challengers along that
path are what they would have been had the set never been opened: they don't depend on it.
Each test on the path therefore holds its own level, and the chance of a first false
promotion anywhere is at most the sum of the levels. The idea that few bits of feedback
keep a reused holdout honest is from A. Blum and M. Hardt (2015), 'The Ladder', ICML, and
C. Dwork et al. (2015), Science 349:636-638.

Which looks a test set has behind it: one is counted by the rows it showed, whatever the file, the task or
the experiment is called. The sum above runs over every look that may have shaped the challengers through
the very rows that judge them now, so a set inherits the looks of the earlier sets whose rows it holds
(`sets_that_count`): of as many of them, those with the most of its rows first, as it takes until at most
`REUSED_SHARE` of its rows (5 %) were shown in the others. A file with a row more, in another order, cut down,
or put together from several looked-at ones inherits so; one that was drawn anew does not, though short lines
("Thank you.") may stand in both: a text that comes up again in a new draw is a new observation. What is let
pass costs little: rows shown before, at most 5 %, can lift the observed gain by at most 5 % of what was chosen
on them, and a verdict is one bit a look.

The plan is fixed with the first look: it is stored, and a later one may be narrower but never wider at any look
(`LookPlan.wider_than`). A plan that changes after a look was heard may depend on it, and only fixed series sum.

What the argument does not cover:
- A row that somebody rewrites before it is used again: it counts as another row.
- Anything else from the sealed set that reaches whoever makes challengers: p values,
  differences, slice tables, single rows. Read a report of the sealed set and go on, and
  the guarantee is gone. Steer by development rows.
- A true promotion in between. Whether it comes is itself decided by the sealed set, so
  later challengers may depend on it; the sum then has to run over all histories, see
  `LookPlan.guaranteed_error`. That is a worst case. In simulation true gains make false
  promotions rarer, not commoner (`python -m benchmarks.decision`): a champion that was
  promoted on these rows, or held its place against a better rival, is one they flatter.
- What happens after the first false promotion.
- Sealed rows that leaked into training, or rows that aren't independent of each other.
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
"""Share of a test set's rows that may have been shown in looks that don't count against it."""


class LooksSpentError(ValueError):
    """The sealed test set has been looked at as often as its plan allows."""


@dataclass(frozen=True)
class LookPlan:
    """A budget of looks at the sealed test set.

    Attributes:
        max_looks: how many looks there may be, 1 or more, default 10. A round that the
            development screen stops takes no look.
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
        """Level at which this look is tested.

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
                f"look {look} was asked for and the plan allows {self.max_looks}: "
                "seal a fresh test set; a plan can't be widened after the first look"
            )
        return self.schedule()[look - 1]

    def schedule(self) -> tuple[float, ...]:
        """Levels of all looks, first look first; their sum never exceeds alpha."""
        k = self.max_looks
        if self.spending == "even":
            shares = [1 / k] * k
        elif self.spending == "halving":
            shares = [2.0**-look for look in range(1, k)] + [2.0 ** -(k - 1)]
        else:
            total = math.fsum(1 / look for look in range(1, k + 1))
            shares = [1 / look / total for look in range(1, k + 1)]
        levels = [self.alpha * share for share in shares]
        # Rounding may push the sum over alpha by a last bit; give that bit back.
        while math.fsum(levels) > self.alpha:
            levels = [level * (1 - 2**-52) for level in levels]
        return tuple(levels)

    def wider_than(self, stored: LookPlan) -> bool:
        """Whether this plan spends more than a stored one: more looks, or a higher level at any of them."""
        if self.max_looks > stored.max_looks:
            return True
        # The hair of slack forgives the rounding in which two series of equal sums may differ.
        return any(
            asked > allowed * (1 + 1e-9)
            for asked, allowed in zip(self.schedule(), stored.schedule(), strict=False)
        )

    def __str__(self) -> str:
        return f"alpha {self.alpha:g} over {self.max_looks} looks, spending {self.spending}"

    def guaranteed_error(self, true_promotions: int = 0) -> float:
        """Proven bound on the chance of any false promotion after up to so many true ones.

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


def sets_that_count(
    rows: Collection[str], shown: Mapping[Key, Collection[str]], share: float = REUSED_SHARE
) -> list[Key]:
    """Say which earlier test sets' looks count against a test set.

    Args:
        rows: digests of the rows of the set that is to be opened.
        shown: digests of the rows that each earlier set showed.
        share: share of `rows` that may have been shown in sets that don't count, 0..1.

    Returns:
        The fewest sets such that at most `share` of the rows were shown in the others; none for a set without rows.
    """
    wanted = set(rows)
    common = {name: wanted.intersection(known) for name, known in shown.items()}
    let_pass: set[str] = set()
    counted: list[Key] = []
    for name in sorted(common, key=lambda one: len(common[one])):
        if len(let_pass | common[name]) <= share * len(wanted):
            let_pass |= common[name]
        else:
            counted.append(name)
    return counted
