"""Function that merges different spellings of a new task's labels.

Labels that differ only by case are merged only if the user has agreed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from veritrain_lib.core.errors import UserError
from veritrain_lib.reading.forms import canonical, without_zero_decimals

if TYPE_CHECKING:
    import pandas as pd


def merge_spellings(answers: pd.Series[str], merge_case: bool = False) -> tuple[pd.Series[str], list[str]]:
    """Replace equivalent labels in a new task's rows by their most frequent spelling.

    Labels are equivalent if they differ only in whitespace, in Unicode form (NFKC, which covers full-width
    letters), or in being written as `1` and `1.0`.

    Args:
        answers: the labels, one per row.
        merge_case: whether labels that differ only by case are equivalent too.

    Returns:
        The labels in unified spelling, and one sentence per merged label.

    Raises:
        UserError: labels differ only by case and `merge_case` is false, since a task can't hold both.
    """
    counts = {str(label): int(count) for label, count in answers.value_counts().items() if str(label).strip()}
    forms = {canonical(label) for label in counts}
    # 1.0 is the number 1 where both occur; alone it may be a version.
    form = {
        label: plain if (plain := without_zero_decimals(canonical(label))) in forms else canonical(label)
        for label in counts
    }
    spelling, merges = _merged(counts, form)
    merged = {label: spelling[label] for label in counts}
    merged_counts: dict[str, int] = {}
    for label in sorted(counts):
        merged_counts[merged[label]] = merged_counts.get(merged[label], 0) + counts[label]
    by_case, differing = _merged(
        merged_counts, {label: canonical(label).casefold() for label in merged_counts}
    )
    if differing and not merge_case:
        raise UserError(
            f"labels differ only by case: {'; '.join(differing[:5])}. Pass --merge-case if they are the same label (the most "
            "frequent spelling is kept); if they are not, rename them in the file"
        )
    spelling = {label: by_case[merged[label]] for label in counts}
    merges += differing
    return answers.map(lambda label: spelling.get(label, "")), [
        f"one label in several spellings: {merge}" for merge in merges
    ]


def _merged(counts: dict[str, int], form: dict[str, str]) -> tuple[dict[str, str], list[str]]:
    """Return the most frequent spelling of each label's form.

    Args:
        counts: number of rows by label.
        form: normalized form by label; labels with the same form are the same label.

    Returns:
        The spelling to use by label, and a description of each form that has several spellings.
    """
    groups: dict[str, list[str]] = {}
    for label in counts:
        groups.setdefault(form[label], []).append(label)
    spelling: dict[str, str] = {}
    merges: list[str] = []
    for normalized, labels in groups.items():
        # Among equally frequent spellings the normalized one wins.
        ordered = sorted(labels, key=lambda label: (-counts[label], label != normalized, label))
        best = ordered[0] if ordered[0].strip() == ordered[0] else canonical(ordered[0])
        spelling |= dict.fromkeys(labels, best)
        if len(labels) > 1:
            merges.append(" and ".join(f"{_quoted(label)} ({counts[label]} rows)" for label in ordered))
    return spelling, merges


def _quoted(label: str) -> str:
    """Return a label in quotes, followed by its code points if it has characters outside ASCII."""
    plain = repr(label)
    return plain if label.isascii() else f"{plain} ({ascii(label)[1:-1]})"
