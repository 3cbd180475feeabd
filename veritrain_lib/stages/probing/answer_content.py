"""What an answer holds: several candidates, an explanation, the output contract kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.records import Response
    from veritrain_lib.core.task import Task

NAMES = ("several_candidates", "explanation", "output_contract")


def what_is_given(task: Task, references: Sequence[str], responses: Sequence[Response]) -> pd.DataFrame:
    """A row a response and a true-or-false column for each of `NAMES`.

    A row that the model failed on holds none of them. Raises UserError when the contract is no JSON Schema.
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
