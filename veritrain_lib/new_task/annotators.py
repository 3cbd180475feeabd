"""Several people who answered the same rows: how far they agree, and what is left when they do not."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from veritrain_lib.core.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

NAMES = (
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
"""Columns that say who answered."""

OF_TOOLS = ("annotation_id", "created_at", "updated_at", "lead_time", *NAMES)
"""Columns that annotation tools add, which are neither asked nor answered nor slices."""


def annotator_column(rows: pd.DataFrame) -> str:
    """The column that says who answered; the empty text where there is none."""
    return next((str(name) for name in rows.columns if str(name).lower() in NAMES), "")


def of_annotator(rows: pd.DataFrame, who: str) -> pd.DataFrame:
    """The rows that one person answered. Raises UserError when there is no such person, with those there are."""
    column = annotator_column(rows)
    if not column:
        raise UserError(f"no column says who answered; --annotator needs one of: {', '.join(NAMES)}")
    people = sorted(rows[column].unique())
    if who not in people:
        raise UserError(f"nobody called {who!r} answered; column {column!r} has: {', '.join(people[:20])}")
    return rows[rows[column] == who]


def disagreement(rows: pd.DataFrame, inputs: list[str], target: str) -> str:
    """How often people who answered the same row contradict each other, with Cohen's kappa of their pairs, and how to
    go on; the empty text where nobody does."""
    from veritrain_lib.statistics.agreement import cohen_kappa

    column = annotator_column(rows)
    if not column:
        return ""
    given = rows[rows[target].str.strip() != ""]
    pairs: list[tuple[str, str]] = []
    items = apart = 0
    for _, group in given.groupby(inputs, sort=False):
        answers = dict(zip(group[column], group[target], strict=True))
        if len(answers) > 1:
            items += 1
            apart += len(set(answers.values())) > 1
            pairs += [(answers[one], answers[two]) for one, two in itertools.combinations(sorted(answers), 2)]
    if not apart:
        return ""
    people = sorted(map(str, given[column].unique()))
    labels = sorted({label for pair in pairs for label in pair})
    value = cohen_kappa([one for one, _ in pairs], [two for _, two in pairs], labels).value
    kappa = "not known" if value is None else f"{value:.2f}"
    return (
        f"annotators {', '.join(people[:6])} contradict each other in {apart} of the {items} texts that more than one of them "
        f"answered (kappa {kappa}; 1 is full agreement, 0 is chance): nobody can tell which answer is right, so these "
        f"rows are left out. Settle them and export again, or take one person's answers: --annotator {people[0]}"
    )
