"""Probe measures of an answer's form: has several candidates, has an explanation, keeps the output contract."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.records import Response
    from veritrain_lib.core.task import Task

NAMES = ("several_candidates", "explanation", "output_contract")


def answer_contents(task: Task, references: Sequence[str], responses: Sequence[Response]) -> pd.DataFrame:
    """Return whether each response has several candidates, has an explanation, and keeps the output contract.

    Args:
        task: The task, whose output contract is the JSON Schema that every answer must follow.
        references: The expected answers.
        responses: The model's responses, in the order of the references.

    Returns:
        A table of booleans with one row per response and the columns `NAMES`; all False where the model failed.

    Raises:
        UserError: when the contract is not a valid JSON Schema.
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
