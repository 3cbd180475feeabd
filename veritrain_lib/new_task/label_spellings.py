"""Labels that are one label in several spellings: merged where they are equal, asked about where case differs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from veritrain_lib.core.errors import UserError
from veritrain_lib.reading.forms import canonical, without_zero_decimals

if TYPE_CHECKING:
    import pandas as pd


def one_spelling(answers: pd.Series[str], merge_case: bool = False) -> tuple[pd.Series[str], list[str]]:
    """Give equal labels one spelling, the most frequent; and say which were merged.

    Equal are labels that differ only in Unicode form (NFKC, so full-width letters too), in blanks, or as `1` and `1.0`.
    With `merge_case` labels that differ by case are one as well; without it they are refused by a UserError that names
    the flag, since a task can't hold both.
    """
    counts = {str(label): int(count) for label, count in answers.value_counts().items() if str(label).strip()}
    forms = {canonical(label) for label in counts}
    # 1.0 is the number 1 where both stand; alone it may be a version.
    form = {
        label: plain if (plain := without_zero_decimals(canonical(label))) in forms else canonical(label)
        for label in counts
    }
    spelling, told = _merged(counts, form)
    merged = {label: spelling[label] for label in counts}
    left: dict[str, int] = {}
    for label in sorted(counts):
        left[merged[label]] = left.get(merged[label], 0) + counts[label]
    by_case, differing = _merged(left, {label: canonical(label).casefold() for label in left})
    if differing and not merge_case:
        raise UserError(
            f"labels differ only by case: {'; '.join(differing[:5])}. Pass --merge-case if they are one label (the most "
            "frequent spelling stays); if they are not, rename them in the file"
        )
    spelling = {label: by_case[merged[label]] for label in counts}
    told += differing
    return answers.map(lambda label: spelling.get(label, "")), [
        f"one label in several spellings: {one}" for one in told
    ]


def _merged(counts: dict[str, int], form: dict[str, str]) -> tuple[dict[str, str], list[str]]:
    """The spelling that each label gets, and a text for each form that has several."""
    groups: dict[str, list[str]] = {}
    for label in counts:
        groups.setdefault(form[label], []).append(label)
    spelling: dict[str, str] = {}
    told: list[str] = []
    for same, labels in groups.items():
        # A plain spelling wins among equally frequent ones.
        ordered = sorted(labels, key=lambda label: (-counts[label], label != same, label))
        best = ordered[0] if ordered[0].strip() == ordered[0] else canonical(ordered[0])
        spelling |= dict.fromkeys(labels, best)
        if len(labels) > 1:
            told.append(" and ".join(f"{_shown(label)} ({counts[label]} rows)" for label in ordered))
    return spelling, told


def _shown(label: str) -> str:
    """A label in quotes; by its code points where it looks like another spelling of it."""
    plain = repr(label)
    return plain if label.isascii() else f"{plain} ({ascii(label)[1:-1]})"
