"""Probe measure: the refusal rate, the share of rows that a model declines to answer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from veritrain_lib.stages.probe.measures.rate import rate

if TYPE_CHECKING:
    from veritrain_lib.core.records import Response
    from veritrain_lib.stages.stage_result import Measure

DECLINED = ("refused", "filtered")


def declined(response: Response) -> bool:
    """Return whether the model refused to answer, or the provider's content filter stopped the answer.

    It is always False for models that do not report how a request ended.
    """
    return response.outcome in DECLINED


def refusal_rate(responses: Sequence[Response]) -> Measure:
    """Compute the share of rows that a model refused to answer, 0 to 1. Rows that failed otherwise are not refusals."""
    return rate([declined(response) for response in responses])
