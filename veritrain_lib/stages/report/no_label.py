"""The report's table and sentence on pool rows that have none of the task's labels, and on groups of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from veritrain_lib.core.rows import NONE_OF_THESE
from veritrain_lib.teachers.out_of_scope.hold_back import share_held_back
from veritrain_lib.teachers.out_of_scope.new_labels import COLUMNS

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.stages.generate.result import GenerateResult

TEXT = (
    "Rows of the pool that seem to have none of the task's labels, and rows to which people answered so, in groups of similar "
    "meaning. If a group is a subject that the model should know, add a label for it to target.labels and contract, and some "
    "of its rows to the seed and development files. share: of all such rows that were grouped."
)
"""Paragraph of the report above the table of groups."""


def new_labels(rounds: Sequence[GenerateResult | None]) -> pd.DataFrame:
    """Return the groups of rows without a label that could be labels of their own, as the last round found them.

    Args:
        rounds: The generate stage's results, the earliest round first.

    Returns:
        A table with the columns `out_of_scope.new_labels.COLUMNS`; empty if no round looked for such rows.
    """
    import pandas as pd

    for result in reversed(rounds):
        if result is not None and "new_labels" in result.tables:
            table: pd.DataFrame = result.tables["new_labels"]
            return table
    return pd.DataFrame(columns=list(COLUMNS))


def sentence(rounds: Sequence[GenerateResult | None]) -> str:
    """Return a sentence on the rows that seem to have no label; empty if there are none, or no round looked for them.

    Args:
        rounds: The generate stage's results, the earliest round first.
    """
    results = [result for result in rounds if result is not None]
    answered = sum(int(result.measures["rows_no_label"].value or 0) for result in results if "rows_no_label" in result.measures)  # fmt: skip
    last = next((result for result in reversed(results) if "rows_held_back" in result.measures), None)
    held_back = int(last.measures["rows_held_back"].value or 0) if last else 0
    parts = []
    if last and held_back:
        share = share_held_back(held_back, last.left)
        parts.append(
            f"{held_back} pool row(s), {share:.0%} of those left, are held back, since no label seems to fit them"
        )
    if answered:
        parts.append(f"{answered} chosen row(s) were answered “{NONE_OF_THESE}”")
    groups = len(new_labels(rounds))
    if parts and groups:
        parts.append(f"{groups} group(s) of such rows could be labels of their own")
    return f"No label: {'; '.join(parts)}." if parts else ""
