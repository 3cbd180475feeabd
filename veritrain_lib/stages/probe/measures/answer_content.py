"""The content of answers: whether one has several candidates, an explanation, and keeps the output contract."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.records import Response
    from veritrain_lib.core.task import Task

NAMES = ("several_candidates", "explanation", "output_contract")


def answer_contents(task: Task, references: Sequence[str], responses: Sequence[Response]) -> pd.DataFrame:
    """Return one row per response, with a boolean column for each of `NAMES`.

    For a row that the model failed on all are False.

    Raises:
        UserError: when the contract is no JSON Schema.
    """
    import pandas as pd

    from veritrain_lib.metrics.contract_rate import ContractRate

    kept = ContractRate(task).per_row(references, responses)
    return pd.DataFrame(
        {
            "several_candidates": [len(response.candidates) > 1 for response in responses],
            "explanation": [bool(response.explanation) for response in responses],
            "output_contract": kept.astype(bool),
        }
    )
