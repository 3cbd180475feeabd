"""What do a thousand answers cost?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from veritrain_lib.stages.result import Measure

if TYPE_CHECKING:
    from veritrain_lib.core.records import Response


def dollars_per_1000(responses: Sequence[Response], seed: int = 0) -> Measure | None:
    """US dollars for 1,000 rows asked, answered or not, with a percentile bootstrap interval.

    What an answer cost when it was paid counts, also where it now came from the ledger. None for a model that
    names no cost: unknown is not free.
    """
    from veritrain_lib.statistics.bootstrap import bootstrap_interval

    costs = [getattr(response, "cost", None) for response in responses]
    known = [1000 * cost for cost in costs if cost is not None]
    if len(known) < len(costs) or not known:
        return None
    interval = bootstrap_interval(known, seed=seed)
    return Measure(value=sum(known) / len(known), low=interval.low, high=interval.high, n=len(known))
