"""Probe measure: the cost of 1,000 answers of a paid model, in US dollars."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from veritrain_lib.stages.stage_result import Measure

if TYPE_CHECKING:
    from veritrain_lib.core.records import Response


def dollars_per_1000(responses: Sequence[Response], seed: int = 0) -> Measure | None:
    """Compute the cost of 1,000 rows in US dollars, failed ones included, with a 95 % bootstrap interval.

    An answer that comes from the ledger of paid answers counts with the cost at which it was once paid.

    Args:
        responses: The model's responses.
        seed: Seed of the bootstrap.

    Returns:
        The measure; None if any response has no cost, since an unknown cost is not 0.
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
