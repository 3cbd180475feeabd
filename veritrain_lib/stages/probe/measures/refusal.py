"""The refusal rate: how often a model declines to answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from veritrain_lib.stages.probe.measures.rate import rate

if TYPE_CHECKING:
    from veritrain_lib.core.records import Response
    from veritrain_lib.stages.stage_result import Measure

DECLINED = ("refused", "filtered")


def declined(response: Response) -> bool:
    """Return whether the model refused to answer, or the provider's content filter stopped it.

    Only the answer of a model that reports how a request ended can be a refusal.
    """
    return response.outcome in DECLINED


def refusal_rate(responses: Sequence[Response]) -> Measure:
    """Compute the share of refused rows, 0 to 1; a row that failed for another reason was not refused."""
    return rate([declined(response) for response in responses])
