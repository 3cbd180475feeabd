"""The promotion rule, in one place: when the held-out test set is opened, which verdict follows, who is promoted.

The numbers come from `statistics.decision` and `statistics.screen`. Whoever asks later whether a challenger is promoted
reads `EvaluateResult.promote` (tag `veritrain.promote`) and decides nothing again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from veritrain_lib.statistics.decision import Decision, Outcome

Purpose = Literal["promotion", "final"]
"""`promotion`: may move the alias. `final`: the seed model against the last champion, which moves nothing."""


def opens_test_set(purpose: Purpose, *, look_left: bool, screen_opens: bool, judge_vetoes: bool) -> bool:
    """Return whether the held-out test set is opened.

    Args:
        purpose: The purpose of the evaluation; the final comparison asks neither screen nor judge.
        look_left: Whether this pair has a look, or one is left for it.
        screen_opens: Whether a gain on development rows makes a look worth its price.
        judge_vetoes: Whether a judge that agrees with people is sure that the champion is better.
    """
    return look_left and (purpose == "final" or (screen_opens and not judge_vetoes))


def verdict_of(decision: Decision | None, largest_development_gain: float) -> Outcome:
    """Return the verdict: of the held-out test set if it was opened, else of development rows, never `better`.

    Args:
        decision: The decision on the held-out test set; None where it stayed locked.
        largest_development_gain: Upper end of the 95 % interval of the gain on development rows, -1 to 1.
    """
    from veritrain_lib.statistics.decision import outcome

    return decision.verdict if decision else outcome(False, largest_development_gain)


def promotes(purpose: Purpose, decision: Decision | None) -> bool:
    """Return whether the challenger is promoted: proven better, no slice shown to be worse, and not the final comparison."""
    return purpose == "promotion" and decision is not None and decision.promote
