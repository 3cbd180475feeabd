"""How often does a model decline to answer?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from veritrain_lib.stages.probing.rate import rate

if TYPE_CHECKING:
    from veritrain_lib.core.records import Response
    from veritrain_lib.stages.result import Measure

DECLINED = ("refused", "filtered")


def declined(response: Response) -> bool:
    """Whether the model refused, or the provider's content filter stepped in.

    Only a model that says how a request ended can decline; an answer of any other kind never counts.
    """
    return getattr(response, "outcome", "done") in DECLINED


def refusal_rate(responses: Sequence[Response]) -> Measure:
    """Share of rows declined, 0 to 1; a row that failed for another reason was not declined."""
    return rate([declined(response) for response in responses])
