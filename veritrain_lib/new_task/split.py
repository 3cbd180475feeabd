"""Rows dealt into seed, development, test and pool: stratified, seeded, no text in two of them.

What a copy is, the gate says: a text that it would find to be leaked never stands in two parts, and near copies
go where the first of them goes.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from veritrain_lib.core.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.new_task.columns import Columns

FEWEST = {"seed": 2, "development": 1, "test": 2, "pool": 0}
"""Rows of every label that each part gets before shares count."""

SHARES = {"seed": 0.20, "development": 0.15, "test": 0.30, "pool": 0.35}
"""A third sealed, because the test set alone proves a gain; a third to choose from; the rest to start with."""

POOL_FROM = 100
"""Labelled rows from which a pool is worth having; below, it goes to the other parts and rows are varied instead."""

FEWEST_ROWS = 40
"""Of these some 12 become seed rows; the standard suite asks for 10 to train on."""

ALL_TEXTS = "text"
"""What stands for every answer that is a text: rows of a text task are dealt as one label is."""

MEANT = ". If the answers are texts and no labels, pass --text"

WHY = {
    "empty_input": "with an empty input",
    "duplicate": "that repeat another row",
    "contradicting_answers": "with contradicting answers to one input",
    "rare_label": "of a label with too few rows",
}


@dataclass(frozen=True)
class Split:
    """`parts` are tables by kind, in the order of the file. `left_out` are the rows in none, with `row` (from
    1) and `reason` (`empty_input`, `duplicate`, `contradicting_answers`, `rare_label`)."""

    parts: dict[str, pd.DataFrame]
    left_out: pd.DataFrame
    labels: list[str]


def split(
    rows: pd.DataFrame,
    columns: Columns,
    languages: Mapping[str, str | None],
    *,
    seed: int,
    leave_out_rare: bool = False,
    text: bool = False,
) -> Split:
    """Deal the rows. Unlabelled rows go to the pool, where they wait for people. `languages` are the inputs'.

    Answers that are texts (`text`) are no labels: their rows are dealt without them, and of several answers to one
    input the first stays.

    Raises UserError for too few rows or labels, with what was left out and why, and for labels with too few rows
    unless they may be left out.
    """
    import pandas as pd

    answers = rows[columns.target].str.strip()
    clean = rows.assign(**{columns.target: answers})
    if text:
        answers = answers.where(answers == "", ALL_TEXTS)
    reasons = _reasons(rows, columns, answers)
    usable = rows[(reasons == "") & (answers != "")]
    near = _near_copies(usable, languages)
    rare = [] if text else _rare_labels(answers[usable.index], near, leave_out_rare)
    reasons[(reasons == "") & answers.isin(rare)] = "rare_label"
    kept = answers[(reasons == "") & (answers != "")]
    labels = sorted(kept.unique())
    if (len(labels) < 2 and not text) or len(kept) < FEWEST_ROWS:
        raise UserError(_too_few(rows, labels, len(kept), reasons, answers, text))
    near = {
        copy: original for copy, original in near.items() if copy in kept.index and original in kept.index
    }
    dealt = _deal(kept[kept.index.difference(list(near))], seed)
    dealt |= {copy: dealt[original] for copy, original in near.items()}
    dealt |= {int(index): "pool" for index in rows.index[(reasons == "") & (answers == "")]}
    taken = {kind: sorted(index for index, part in dealt.items() if part == kind) for kind in SHARES}
    parts = {kind: clean.loc[indices].reset_index(drop=True) for kind, indices in taken.items() if indices}
    out = pd.concat(
        [pd.DataFrame({"row": rows.index + 1, "reason": reasons}, index=rows.index), rows], axis=1
    )
    return Split(parts, out[reasons != ""].reset_index(drop=True), [] if text else labels)


def _too_few(
    rows: pd.DataFrame,
    labels: list[str],
    kept: int,
    reasons: pd.Series[str],
    answers: pd.Series[str],
    text: bool,
) -> str:
    """How many rows can be used, why the others can't, and what is needed."""
    counts = {str(reason): int(count) for reason, count in reasons[reasons != ""].value_counts().items()}
    unanswered = int(((reasons == "") & (answers == "")).sum())
    out = [f"{count} {WHY[reason]}" for reason, count in counts.items()]
    out += [f"{unanswered} without an answer"] if unanswered else []
    found = "" if text else f" of {len(labels)} label(s)" + (f" ({labels[0]!r})" if len(labels) == 1 else "")
    needed = f"at least {FEWEST_ROWS} rows" + (
        " with an answer" if text else f" of 2 labels with {sum(FEWEST.values())} rows each"
    )
    told = f"; left out: {', '.join(out)}" if out else ""
    return f"{kept} usable row(s){found} out of {len(rows)}{told}; {needed} are needed"


def _rare_labels(answers: pd.Series[str], near: Mapping[int, int], leave_out: bool) -> list[str]:
    """Labels that can't be dealt. Raises UserError for any, unless they may be left out."""
    least = sum(FEWEST.values())
    originals = answers[answers.index.difference(list(near))].value_counts()
    counts = {str(label): int(originals.get(label, 0)) for label in sorted(answers.unique())}
    rare = [label for label, count in counts.items() if count < least]
    if rare and not leave_out:
        shown = ", ".join(f"{label} ({counts[label]})" for label in rare[:10]) + (" ..." if rare[10:] else "")
        raise UserError(
            f"{len(rare)} of {len(counts)} label(s) have fewer than {least} different rows: {shown}. Give them more "
            f"rows, merge them, or pass --leave-out-rare{MEANT if len(counts) * 2 > len(answers) else ''}"
        )
    return rare


def _reasons(rows: pd.DataFrame, columns: Columns, answers: pd.Series[str]) -> pd.Series[str]:
    import pandas as pd

    from veritrain_lib.quality.text.normal_form import FIELD_END, joined, normal

    reasons = pd.Series("", index=rows.index, dtype=object)
    keys = pd.Series([normal(text) for text in joined(rows, columns.inputs)], index=rows.index, dtype=object)
    empty = keys.str.strip(FIELD_END + " ") == ""
    reasons[empty] = "empty_input"
    for _, group in answers[~empty].groupby(keys[~empty], sort=False):
        given = group[group != ""]
        if given.nunique() > 1:
            # Nobody can tell which of them is right.
            reasons[group.index] = "contradicting_answers"
        elif len(group) > 1:
            first = given.index[0] if len(given) else group.index[0]
            reasons[group.index.difference([first])] = "duplicate"
    return reasons


def _near_copies(rows: pd.DataFrame, languages: Mapping[str, str | None]) -> dict[int, int]:
    """Index of each near copy, and of the row that it copies."""
    from veritrain_lib.core.task import InputField, Target, Task
    from veritrain_lib.quality.duplicates.near_duplicates import Matcher
    from veritrain_lib.quality.text.normal_form import joined

    # There is no task yet; the gate's matcher reads nothing of it but languages and direction.
    outline = Task.model_construct(
        inputs={name: InputField(language=language) for name, language in languages.items()}, target=Target()
    )
    found = Matcher(outline).earlier_copies(joined(rows, list(languages)))
    return {
        int(rows.index[at]): int(rows.index[original])
        for at, original in enumerate(found)
        if original is not None
    }


def _deal(answers: pd.Series[str], seed: int) -> dict[int, str]:
    with_pool = len(answers) >= POOL_FROM
    shares = {kind: share for kind, share in SHARES.items() if with_pool or kind != "pool"}
    dealt: dict[int, str] = {}
    for label, group in sorted(answers.groupby(answers), key=lambda item: str(item[0])):
        indices = [int(index) for index in group.index]
        # One generator a label: adding a label leaves the split of the others as it is.
        random.Random(f"{seed}/{label}").shuffle(indices)
        start = 0
        for kind, count in _counts(len(indices), shares).items():
            dealt.update(dict.fromkeys(indices[start : start + count], kind))
            start += count
    return dealt


def _counts(rows: int, shares: dict[str, float]) -> dict[str, int]:
    """Whole numbers near the shares that add up: each part its fewest, the rest by largest remainder."""
    counts = {kind: FEWEST[kind] for kind in shares}
    total = sum(shares.values())
    while sum(counts.values()) < rows:
        behind = {kind: share / total * rows - counts[kind] for kind, share in shares.items()}
        counts[max(behind, key=lambda kind: behind[kind])] += 1
    return counts
