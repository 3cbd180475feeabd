"""Promotion rule: when the held-out test set is unlocked, which verdict follows, who is promoted.

The numbers come from `statistics.decision` and `statistics.screen`. Code that needs to know later whether a challenger
is promoted reads `EvaluateResult.promote` (MLflow tag `veritrain.promote`) and does not decide again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from veritrain_lib.statistics.decision import Decision, Outcome

Purpose = Literal["promotion", "final"]
"""Purpose of an evaluation.

`promotion` may move the alias `champion` to the challenger. `final` compares the seed model with the last champion and
moves no alias.
"""


def opens_test_set(purpose: Purpose, *, look_left: bool, screen_opens: bool, judge_vetoes: bool) -> bool:
    """Return whether an evaluation unlocks the held-out test set.

    Args:
        purpose: The purpose of the evaluation. For `final`, neither the gain on development rows nor the judge counts.
        look_left: Whether these two models have had a look at the test set (a comparison on it) already, or one is
            left.
        screen_opens: Whether the gain on development rows is large enough to be worth a look at the test set.
        judge_vetoes: Whether an LLM judge that agrees with people well enough is sure that the champion is better.
    """
    return look_left and (purpose == "final" or (screen_opens and not judge_vetoes))


def verdict_of(decision: Decision | None, largest_development_gain: float) -> Outcome:
    """Return the verdict on the challenger: from the held-out test set if it was unlocked, else from development rows.

    Args:
        decision: The decision on the held-out test set; None if it stayed locked.
        largest_development_gain: Upper end of the 95 % interval of the gain on development rows, -1 to 1.

    Returns:
        `better`, `not better` or `inconclusive`; never `better` without the test set.
    """
    from veritrain_lib.statistics.decision import outcome

    return decision.verdict if decision else outcome(False, largest_development_gain)


def promotes(purpose: Purpose, decision: Decision | None) -> bool:
    """Return whether the challenger is promoted: it is proven better on the test set, and proven worse on no slice.

    Args:
        purpose: The purpose of the evaluation; the final comparison promotes no model.
        decision: The decision on the held-out test set; None if it stayed locked.
    """
    return purpose == "promotion" and decision is not None and decision.promote
