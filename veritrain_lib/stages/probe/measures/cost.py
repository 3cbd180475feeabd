"""The cost of a thousand answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from veritrain_lib.stages.stage_result import Measure

if TYPE_CHECKING:
    from veritrain_lib.core.records import Response


def dollars_per_1000(responses: Sequence[Response], seed: int = 0) -> Measure | None:
    """Compute the US dollars for 1,000 rows asked, answered or not, with a percentile bootstrap interval.

    An answer counts with its cost when it was paid, also if it now came from the ledger.

    Returns:
        The measure; None for a model that reports no cost, since an unknown cost is not 0.
    """
    from veritrain_lib.statistics.bootstrap import bootstrap_interval

    costs = [response.cost for response in responses]
    paid_costs = [1000 * cost for cost in costs if cost is not None]
    if len(paid_costs) < len(costs) or not paid_costs:
        return None
    interval = bootstrap_interval(paid_costs, seed=seed)
    return Measure(
        value=sum(paid_costs) / len(paid_costs), low=interval.low, high=interval.high, n=len(paid_costs)
    )
