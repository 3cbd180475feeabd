"""Split of a new task's rows into seed, development, test and pool: stratified by label, seeded, without leakage.

Duplicates are found with the gate's own matcher. A text that the gate would report as leaked is never in two
parts, and near duplicates go to the same part as the first of them.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from veritrain_lib.core.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.new_task.columns import TaskColumns

MIN_ROWS_PER_LABEL = {"seed": 2, "development": 1, "test": 2, "pool": 0}
"""Minimum number of rows of each label in each part; these rows are assigned before the shares are applied."""

SHARES = {"seed": 0.20, "development": 0.15, "test": 0.30, "pool": 0.35}
"""Share of the rows in each part: about a third for the held-out test set, which alone decides promotion.

Another third goes to the pool, from which the loop chooses new training rows.
"""

MIN_ROWS_FOR_POOL = 100
"""Minimum number of labelled rows for a pool (the rows that the loop may choose from); with fewer, there is none."""

MIN_ROWS = 40
"""Minimum number of usable rows for a task.

Of 40 rows about 12 become seed rows, and the standard gate suite requires 10 to train on.
"""

TEXT_LABEL = "text"
"""Label that stands for every free-text answer during the split, since such rows are not stratified."""

TEXT_HINT = ". If the answers are free texts instead of labels, pass --text"

REASON_TEXTS = {
    "empty_input": "with an empty input",
    "duplicate": "that repeat another row",
    "contradicting_answers": "with contradicting answers to one input",
    "rare_label": "of a label with too few rows",
}


@dataclass(frozen=True)
class TaskSplit:
    """Rows of a new task, split into seed, development, test and pool.

    Attributes:
        parts: rows by part (`seed`, `development`, `test`, `pool`), in the order of the file; empty parts are
            missing.
        left_out: rows that are in no part, with the columns `row` (number in the file, from 1) and `reason`
            (`empty_input`, `duplicate`, `contradicting_answers` or `rare_label`).
        labels: the labels, sorted; empty for a task with free-text answers.
    """

    parts: dict[str, pd.DataFrame]
    left_out: pd.DataFrame
    labels: list[str]


def split(
    rows: pd.DataFrame,
    columns: TaskColumns,
    languages: Mapping[str, str | None],
    *,
    seed: int,
    leave_out_rare: bool = False,
    text: bool = False,
) -> TaskSplit:
    """Split a new task's rows into seed, development, test and pool; rows without an answer go to the pool.

    Args:
        rows: the rows of the file, all cells as strings.
        columns: the roles of the columns.
        languages: language of each input column; None where it is unclear.
        seed: random seed of the split.
        leave_out_rare: whether to leave out labels with too few rows; otherwise they are an error.
        text: whether the answers are free texts: not stratified, and of several answers to an input the first is kept.

    Returns:
        The rows of each part, and the rows that are in no part.

    Raises:
        UserError: too few rows or labels are left (the message says why), or labels with too few rows may not be left out.
    """
    import pandas as pd

    answers = rows[columns.target].str.strip()
    clean = rows.assign(**{columns.target: answers})
    if text:
        answers = answers.where(answers == "", TEXT_LABEL)
    reasons = _reasons(rows, columns, answers)
    usable = rows[(reasons == "") & (answers != "")]
    near_duplicates = _near_duplicates(usable, languages)
    rare = [] if text else _rare_labels(answers[usable.index], near_duplicates, leave_out_rare)
    reasons[(reasons == "") & answers.isin(rare)] = "rare_label"
    usable_answers = answers[(reasons == "") & (answers != "")]
    labels = sorted(usable_answers.unique())
    if (len(labels) < 2 and not text) or len(usable_answers) < MIN_ROWS:
        raise UserError(_too_few(rows, labels, len(usable_answers), reasons, answers, text))
    near_duplicates = {
        copy: original
        for copy, original in near_duplicates.items()
        if copy in usable_answers.index and original in usable_answers.index
    }
    assigned = _assign(usable_answers[usable_answers.index.difference(list(near_duplicates))], seed)
    assigned |= {copy: assigned[original] for copy, original in near_duplicates.items()}
    assigned |= {int(index): "pool" for index in rows.index[(reasons == "") & (answers == "")]}
    indices_by_part = {
        kind: sorted(index for index, part in assigned.items() if part == kind) for kind in SHARES
    }
    parts = {
        kind: clean.loc[indices].reset_index(drop=True)
        for kind, indices in indices_by_part.items()
        if indices
    }
    out = pd.concat(
        [pd.DataFrame({"row": rows.index + 1, "reason": reasons}, index=rows.index), rows], axis=1
    )
    return TaskSplit(parts, out[reasons != ""].reset_index(drop=True), [] if text else labels)


def _too_few(
    rows: pd.DataFrame,
    labels: list[str],
    usable_answers: int,
    reasons: pd.Series[str],
    answers: pd.Series[str],
    text: bool,
) -> str:
    """Return a message that says how many rows are usable, why the others are not, and how many are required."""
    counts = {str(reason): int(count) for reason, count in reasons[reasons != ""].value_counts().items()}
    unanswered = int(((reasons == "") & (answers == "")).sum())
    out = [f"{count} {REASON_TEXTS[reason]}" for reason, count in counts.items()]
    out += [f"{unanswered} without an answer"] if unanswered else []
    label_count = (
        "" if text else f" of {len(labels)} label(s)" + (f" ({labels[0]!r})" if len(labels) == 1 else "")
    )
    needed = f"at least {MIN_ROWS} rows" + (
        " with an answer" if text else f" of 2 labels with {sum(MIN_ROWS_PER_LABEL.values())} rows each"
    )
    left_out = f"; left out: {', '.join(out)}" if out else ""
    return f"{usable_answers} usable row(s){label_count} out of {len(rows)}{left_out}; {needed} are needed"


def _rare_labels(answers: pd.Series[str], near_duplicates: Mapping[int, int], leave_out: bool) -> list[str]:
    """Return the labels that have too few rows to be split over the parts; near duplicates are not counted.

    Raises:
        UserError: there are such labels and they may not be left out.
    """
    minimum = sum(MIN_ROWS_PER_LABEL.values())
    originals = answers[answers.index.difference(list(near_duplicates))].value_counts()
    counts = {str(label): int(originals.get(label, 0)) for label in sorted(answers.unique())}
    rare = [label for label, count in counts.items() if count < minimum]
    if rare and not leave_out:
        shown = ", ".join(f"{label} ({counts[label]})" for label in rare[:10]) + (" ..." if rare[10:] else "")
        raise UserError(
            f"{len(rare)} of {len(counts)} label(s) have fewer than {minimum} distinct rows: {shown}. Give them more "
            f"rows, merge them, or pass --leave-out-rare{TEXT_HINT if len(counts) * 2 > len(answers) else ''}"
        )
    return rare


def _reasons(rows: pd.DataFrame, columns: TaskColumns, answers: pd.Series[str]) -> pd.Series[str]:
    import pandas as pd

    from veritrain_lib.quality.text.normal_form import FIELD_END, joined, normal

    reasons = pd.Series("", index=rows.index, dtype=object)
    keys = pd.Series([normal(text) for text in joined(rows, columns.inputs)], index=rows.index, dtype=object)
    empty = keys.str.strip(FIELD_END + " ") == ""
    reasons[empty] = "empty_input"
    for _, group in answers[~empty].groupby(keys[~empty], sort=False):
        labelled = group[group != ""]
        if labelled.nunique() > 1:
            # It is unknown which of them is right.
            reasons[group.index] = "contradicting_answers"
        elif len(group) > 1:
            first = labelled.index[0] if len(labelled) else group.index[0]
            reasons[group.index.difference([first])] = "duplicate"
    return reasons


def _near_duplicates(rows: pd.DataFrame, languages: Mapping[str, str | None]) -> dict[int, int]:
    """Return the near duplicates among rows: the index of each duplicate with the index of its earlier original."""
    from veritrain_lib.core.task import InputField, Target, Task
    from veritrain_lib.quality.duplicates.near_duplicates import NearDuplicateMatcher
    from veritrain_lib.quality.text.normal_form import joined

    # There is no task yet; the gate's matcher only reads its languages and direction.
    outline = Task.model_construct(
        inputs={name: InputField(language=language) for name, language in languages.items()}, target=Target()
    )
    originals_by_row = NearDuplicateMatcher(outline).duplicates_of_earlier(joined(rows, list(languages)))
    return {
        int(rows.index[position]): int(rows.index[original])
        for position, original in enumerate(originals_by_row)
        if original is not None
    }


def _assign(answers: pd.Series[str], seed: int) -> dict[int, str]:
    with_pool = len(answers) >= MIN_ROWS_FOR_POOL
    shares = {kind: share for kind, share in SHARES.items() if with_pool or kind != "pool"}
    assigned: dict[int, str] = {}
    for label, group in sorted(answers.groupby(answers), key=lambda item: str(item[0])):
        indices = [int(index) for index in group.index]
        # One random generator per label: adding a label does not change the split of the others.
        random.Random(f"{seed}/{label}").shuffle(indices)
        start = 0
        for kind, count in _counts(len(indices), shares).items():
            assigned.update(dict.fromkeys(indices[start : start + count], kind))
            start += count
    return assigned


def _counts(rows: int, shares: dict[str, float]) -> dict[str, int]:
    """Return the number of rows for each part, which add up to `rows`.

    Each part first gets its minimum; every further row goes to the part that is furthest below its share.

    Args:
        rows: number of rows to assign.
        shares: share of each part.
    """
    counts = {kind: MIN_ROWS_PER_LABEL[kind] for kind in shares}
    total = sum(shares.values())
    while sum(counts.values()) < rows:
        deficits = {kind: share / total * rows - counts[kind] for kind, share in shares.items()}
        counts[max(deficits, key=lambda kind: deficits[kind])] += 1
    return counts
