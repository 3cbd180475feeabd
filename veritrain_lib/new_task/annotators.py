"""Functions for files with the answers of several annotators: selection of one annotator, and their agreement."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from veritrain_lib.core.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

ANNOTATOR_COLUMNS = (
    "annotator",
    "annotator_id",
    "annotated_by",
    "completed_by",
    "worker",
    "worker_id",
    "rater",
    "user",
    "username",
)
"""Lower-case names of columns that identify the annotator of a row."""

ANNOTATION_TOOL_COLUMNS = ("annotation_id", "created_at", "updated_at", "lead_time", *ANNOTATOR_COLUMNS)
"""Lower-case names of columns that annotation tools add; they are neither inputs nor targets nor slices."""


def annotator_column(rows: pd.DataFrame) -> str:
    """Return the name of the column that identifies the annotator of each row; empty if there is none."""
    return next((str(name) for name in rows.columns if str(name).lower() in ANNOTATOR_COLUMNS), "")


def answers_of_annotator(rows: pd.DataFrame, annotator: str) -> pd.DataFrame:
    """Return the rows of a user's file that one annotator answered.

    Args:
        rows: all rows, with a column that identifies the annotator.
        annotator: the annotator's name or id, as in that column.

    Raises:
        UserError: there is no such column or no such annotator; the message lists the annotators that exist.
    """
    column = annotator_column(rows)
    if not column:
        raise UserError(
            f"no column identifies the annotator; --annotator needs one of: {', '.join(ANNOTATOR_COLUMNS)}"
        )
    annotators = sorted(rows[column].unique())
    if annotator not in annotators:
        raise UserError(
            f"there is no annotator {annotator!r}; column {column!r} has: {', '.join(annotators[:20])}"
        )
    return rows[rows[column] == annotator]


def disagreement(rows: pd.DataFrame, inputs: list[str], target: str) -> str:
    """Describe how often annotators give different answers to the same input, and what the user can do about it.

    The message contains Cohen's kappa over all pairs of annotators' answers to the same input.

    Args:
        rows: all rows, with a column that identifies the annotator.
        inputs: names of the input columns; rows with equal inputs are the same text.
        target: name of the target column.

    Returns:
        The message; empty if there is no annotator column or no disagreement.
    """
    from veritrain_lib.statistics.agreement import cohen_kappa

    column = annotator_column(rows)
    if not column:
        return ""
    answered = rows[rows[target].str.strip() != ""]
    pairs: list[tuple[str, str]] = []
    items = disagreements = 0
    for _, group in answered.groupby(inputs, sort=False):
        answers = dict(zip(group[column], group[target], strict=True))
        if len(answers) > 1:
            items += 1
            disagreements += len(set(answers.values())) > 1
            pairs += [
                (answers[first], answers[second])
                for first, second in itertools.combinations(sorted(answers), 2)
            ]
    if not disagreements:
        return ""
    annotators = sorted(map(str, answered[column].unique()))
    labels = sorted({label for pair in pairs for label in pair})
    value = cohen_kappa([first for first, _ in pairs], [second for _, second in pairs], labels).value
    kappa = "undefined" if value is None else f"{value:.2f}"
    return (
        f"annotators {', '.join(annotators[:6])} contradict each other in {disagreements} of the {items} texts that more than one of them "
        f"answered (kappa {kappa}; 1 is full agreement, 0 is chance). It is unclear which answer is right, so these "
        f"rows are left out. Resolve the disagreements and export again, or use the answers of one annotator: --annotator {annotators[0]}"
    )
