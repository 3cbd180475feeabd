"""Check that the task's development, seed, pool and test rows do not overlap, before anything is measured.

A row that is in two of these files would make a measured number look better than it is. Only inputs are compared, never
the answers of test rows.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from veritrain_lib.core import digest
from veritrain_lib.core.errors import UserError
from veritrain_lib.stages.inputs import sources

if TYPE_CHECKING:
    from collections.abc import Sequence

    from veritrain_lib.core.task import Task
    from veritrain_lib.stages.inputs.sources import Split

ROWS_SHOWN = 10
"""The largest number of row pairs that a message names; further pairs are only counted."""


@dataclass(frozen=True)
class SplitPair:
    """Two of the task's data files, and the setting that limits how many rows they may share.

    Attributes:
        rows: The file whose rows are set aside (never used) where `other` holds the same input.
        other: The other file.
        key: The key of the task file's `promotion` with the largest allowed share of common rows.
        ceiling: The largest value that may be given to that key; None for the pool, whose common rows are not set aside
            but rejected by the gate.
    """

    rows: Split
    other: Split
    key: str
    ceiling: float | None = 0.05


PAIRS = (
    SplitPair("test", "seed", "max_set_aside"),
    SplitPair("development", "test", "max_development_set_aside"),
    SplitPair("development", "seed", "max_development_set_aside"),
    SplitPair("test", "pool", "max_pool_overlap", None),
    SplitPair("development", "pool", "max_pool_overlap", None),
)


@dataclass(frozen=True)
class SharedRow:
    """A row that occurs in two of the task's data files, with the same or nearly the same input.

    Attributes:
        row: Its row number in the first file, from 1.
        other: Its row number in the second file, from 1.
        text: Its input text in the first file.
    """

    row: int
    other: int
    text: str


def refuse_overlap(task: Task, *, pool: bool = True) -> None:
    """Raise an error if two of the task's data files are the same file, or share more rows than the task allows.

    Two rows are the same when their inputs differ only in case, character width, punctuation or spaces.

    Args:
        task: The task.
        pool: Whether to compare the rows of the pool too.

    Raises:
        UserError: listing all problems at once, with row numbers in both files and the key to set.
    """
    wrong = _duplicate_files(task)
    if not wrong:
        wrong = [line for pair in _pairs_of(task, pool=pool) if (line := _overlap_problem(task, pair))]
    if wrong:
        raise UserError(f"{task.path.name}: " + " ".join(wrong))


def overlap_warnings(task: Task) -> list[str]:
    """Return a warning for each two data files of the task that share equal or nearly equal rows, with row numbers."""
    lines = []
    for pair in _pairs_of(task, pool=True):
        shared_rows = same_rows(task, pair.rows, pair.other)
        if shared_rows:
            consequence = (
                "they are set aside, never counted"
                if pair.ceiling is not None
                else "the gate removes them from the chosen rows"
            )
            lines.append(
                f"{len(shared_rows)} {pair.rows} row(s) are {pair.other} rows too; {consequence}: {_listing(task, pair, shared_rows)}"
            )
        if pair.ceiling is not None and (near := near_rows(task, pair.rows, pair.other)):
            lines.append(
                f"{len(near)} {pair.rows} row(s) are near copies of {pair.other} rows; they stay, and make the two "
                f"sets more alike than new rows would be: {_listing(task, pair, near)}"
            )
    return lines


def same_rows(task: Task, kind: Split, other: Split) -> list[SharedRow]:
    """Return the rows of one data file whose input is also in another; case, punctuation and spaces don't count.

    Args:
        task: The task.
        kind: The file whose rows are returned.
        other: The file to compare with.

    Returns:
        The shared rows, each with the number of the first such row in the other file.
    """
    forms, other_forms = sources.normal_forms(task, kind), sources.normal_forms(task, other)
    first: dict[str, int] = {}
    for number, form in enumerate(other_forms, start=1):
        first.setdefault(form, number)
    texts = sources.texts(task, kind)
    return [
        SharedRow(number, first[form], texts[number - 1])
        for number, form in enumerate(forms, start=1)
        if form in first
    ]


def near_rows(task: Task, kind: Split, other: Split) -> list[SharedRow]:
    """Return the rows of one data file that are near duplicates of rows in another, by the gate's test for leaks.

    Args:
        task: The task.
        kind: The file whose rows are returned.
        other: The file to compare with.

    Returns:
        The near duplicates, without the rows that `same_rows` returns.
    """
    from veritrain_lib.quality.duplicates.near_duplicates import NearDuplicateMatcher

    same = {shared.row for shared in same_rows(task, kind, other)}
    texts = sources.texts(task, kind)
    copied = NearDuplicateMatcher(task).duplicates_of_reference(texts, sources.texts(task, other))
    return [
        SharedRow(number, position + 1, texts[number - 1])
        for number, position in enumerate(copied, start=1)
        if position is not None and number not in same
    ]


def _pairs_of(task: Task, *, pool: bool) -> list[SplitPair]:
    return [pair for pair in PAIRS if pair.other != "pool" or (pool and task.file("pool") is not None)]


def _duplicate_files(task: Task) -> list[str]:
    """Return a sentence for each two keys of `data` that name the same file or two files with the same content."""
    kinds: tuple[Split, ...] = ("test", "development", "seed", "pool")
    files = {kind: file for kind in kinds if (file := task.file(kind)) is not None and file.is_file()}
    lines = []
    for one, other in itertools.combinations(files, 2):
        named = f"data.{one} ({getattr(task.data, one)}) and data.{other} ({getattr(task.data, other)})"
        same = files[one].samefile(files[other])
        if same or digest.of_file(files[one]) == digest.of_file(files[other]):
            lines.append(
                f"{named} are {'the same file' if same else 'copies of one file'}, row 1 of either is the same row "
                "and so are all others. The loop steers by development rows, learns from seed and pool rows, and "
                f"the test set decides: give data.{other} a file with rows of its own."
            )
    return lines


def _overlap_problem(task: Task, pair: SplitPair) -> str:
    """Return sentences that say why two files share too many rows; empty when the task allows the overlap."""
    shared_rows = same_rows(task, pair.rows, pair.other)
    if not shared_rows:
        return ""
    sizes = {
        pair.rows: len(sources.normal_forms(task, pair.rows)),
        pair.other: len(sources.normal_forms(task, pair.other)),
    }
    of: Split = pair.rows if pair.ceiling is not None else min((pair.rows, pair.other), key=sizes.__getitem__)
    count = len(shared_rows) if of == pair.rows else len({row.other for row in shared_rows})
    share, allowed = count / sizes[of], float(getattr(task.promotion, pair.key))
    if share <= allowed:
        return ""
    key, needed = f"promotion.{pair.key}", math.ceil(share * 1000) / 1000
    problem = (
        f"{count} of {sizes[of]} {of} rows ({100 * share:.2g} %) are in data.{pair.rows} and data.{pair.other} "
        f"both, compared without case, width, punctuation and spaces, where {key} allows "
        f"{100 * allowed:.2g} %: {_listing(task, pair, shared_rows)}. Remove them from one of the two files"
    )
    if pair.ceiling is None:
        return f"{problem}, or set {key}: {needed:g} to leave them to the gate, which never lets them be trained on."
    if needed > pair.ceiling:
        return f"{problem}; {key} could set aside {100 * pair.ceiling:g} % at most."
    return (
        f"{problem}, or set {key}: {needed:g} in {task.path.name} to set these {pair.rows} rows aside, "
        "never counted."
    )


def _listing(task: Task, pair: SplitPair, shared_rows: Sequence[SharedRow]) -> str:
    """Return a list of shared rows as text: `test.csv row 4 and seed.csv row 1 ('Thank you.'); ...`."""
    one, other = (getattr(task.data, kind) for kind in (pair.rows, pair.other))
    parts = [
        f"{one} row {shared.row} and {other} row {shared.other} ({_short(shared.text)})"
        for shared in shared_rows[:ROWS_SHOWN]
    ]
    more = len(shared_rows) - ROWS_SHOWN
    return "; ".join(parts) + (f"; and {more} more" if more > 0 else "")


def _short(text: str) -> str:
    from veritrain_lib.quality.text.normal_form import FIELD_END

    shown = " | ".join(text.split(FIELD_END))
    return repr(shown if len(shown) <= 60 else f"{shown[:57]}...")
