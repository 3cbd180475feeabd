"""Are development, seed, pool and test rows apart? Compared before anything is measured or spent.

The loop steers by development rows, learns from seed and pool rows, and lets the test set decide: a row that stands
in two of these files makes the numbers of one mean less. Only inputs are compared, never the answers of test rows.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from veritrain_lib.core import digest
from veritrain_lib.core.errors import UserError
from veritrain_lib.stage_io import sources

if TYPE_CHECKING:
    from collections.abc import Sequence

    from veritrain_lib.core.task import Task
    from veritrain_lib.stage_io.sources import Kind

ROWS_SHOWN = 10
"""Pairs of rows that a message names; the others are counted."""


@dataclass(frozen=True)
class Pair:
    """Two of the task's files, and what may be shared.

    `rows` is the file whose rows are set aside where they stand in `other` too; `key` the key of `promotion` that
    says up to which share; `ceiling` the largest share that it may say, None where the gate takes such rows out of
    the pool and nothing is set aside.
    """

    rows: Kind
    other: Kind
    key: str
    ceiling: float | None = 0.05


PAIRS = (
    Pair("test", "seed", "max_set_aside"),
    Pair("development", "test", "max_development_set_aside"),
    Pair("development", "seed", "max_development_set_aside"),
    Pair("test", "pool", "max_pool_overlap", None),
    Pair("development", "pool", "max_pool_overlap", None),
)


@dataclass(frozen=True)
class Shared:
    """The same or nearly the same row in two files: its number in either, from 1, and its text in the first."""

    row: int
    other: int
    text: str


def refuse_shared(task: Task, *, pool: bool = True) -> None:
    """Raise UserError when two of the task's files are one, or share more rows than the task allows.

    Rows are the same when their inputs are, but for case, width, punctuation and spaces. `pool` False leaves the rows
    of the pool unread. All that is wrong is told at once, with the numbers of rows in both files and the key to set.
    """
    wrong = _same_files(task)
    if not wrong:
        wrong = [line for pair in _pairs(task, pool=pool) if (line := _too_many(task, pair))]
    if wrong:
        raise UserError(f"{task.path.name}: " + " ".join(wrong))


def told(task: Task) -> list[str]:
    """What a person should know of rows that may stay: those set aside, and near copies, with their numbers."""
    lines = []
    for pair in _pairs(task, pool=True):
        found = same_rows(task, pair.rows, pair.other)
        if found:
            then = (
                "they are set aside, never counted"
                if pair.ceiling is not None
                else "the gate takes them out of what is chosen"
            )
            lines.append(
                f"{len(found)} {pair.rows} row(s) are {pair.other} rows too; {then}: {_listed(task, pair, found)}"
            )
        if pair.ceiling is not None and (near := near_rows(task, pair.rows, pair.other)):
            lines.append(
                f"{len(near)} {pair.rows} row(s) are near copies of {pair.other} rows; they stay, and make the two "
                f"sets more alike than new rows would be: {_listed(task, pair, near)}"
            )
    return lines


def same_rows(task: Task, kind: Kind, other: Kind) -> list[Shared]:
    """Rows of one file whose inputs stand in another, in their order, each with the first such row there."""
    forms, known = sources.forms(task, kind), sources.forms(task, other)
    first: dict[str, int] = {}
    for number, form in enumerate(known, start=1):
        first.setdefault(form, number)
    texts = sources.texts(task, kind)
    return [
        Shared(number, first[form], texts[number - 1])
        for number, form in enumerate(forms, start=1)
        if form in first
    ]


def near_rows(task: Task, kind: Kind, other: Kind) -> list[Shared]:
    """Rows of one file that are near copies of rows of another, by the test of the gate's leakage rule."""
    from veritrain_lib.quality.duplicates.near_duplicates import Matcher

    same = {one.row for one in same_rows(task, kind, other)}
    texts = sources.texts(task, kind)
    copied = Matcher(task).copies_in(texts, sources.texts(task, other))
    return [
        Shared(number, place + 1, texts[number - 1])
        for number, place in enumerate(copied, start=1)
        if place is not None and number not in same
    ]


def _pairs(task: Task, *, pool: bool) -> list[Pair]:
    return [pair for pair in PAIRS if pair.other != "pool" or (pool and task.file("pool") is not None)]


def _same_files(task: Task) -> list[str]:
    """One sentence for each two keys that lead to one file, by whatever path or link, or to a copy of it."""
    kinds: tuple[Kind, ...] = ("test", "development", "seed", "pool")
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


def _too_many(task: Task, pair: Pair) -> str:
    """What is wrong with a pair of files, as sentences; "" when all is well."""
    found = same_rows(task, pair.rows, pair.other)
    if not found:
        return ""
    sizes = {pair.rows: len(sources.forms(task, pair.rows)), pair.other: len(sources.forms(task, pair.other))}
    of: Kind = pair.rows if pair.ceiling is not None else min((pair.rows, pair.other), key=sizes.__getitem__)
    count = len(found) if of == pair.rows else len({one.other for one in found})
    share, allowed = count / sizes[of], float(getattr(task.promotion, pair.key))
    if share <= allowed:
        return ""
    key, needed = f"promotion.{pair.key}", math.ceil(share * 1000) / 1000
    said = (
        f"{count} of {sizes[of]} {of} rows ({100 * share:.2g} %) stand in data.{pair.rows} and data.{pair.other} "
        f"both, compared without case, width, punctuation and spaces, where {key} allows "
        f"{100 * allowed:.2g} %: {_listed(task, pair, found)}. Take them out of one of the two files"
    )
    if pair.ceiling is None:
        return f"{said}, or set {key}: {needed:g} to leave them to the gate, which never lets them be trained on."
    if needed > pair.ceiling:
        return f"{said}; {key} could set aside {100 * pair.ceiling:g} % at most."
    return (
        f"{said}, or set {key}: {needed:g} in {task.path.name} to set these {pair.rows} rows aside, "
        "never counted."
    )


def _listed(task: Task, pair: Pair, found: Sequence[Shared]) -> str:
    """`test.csv row 4 is seed.csv row 1 ('Thank you.'); ...`."""
    one, other = (getattr(task.data, kind) for kind in (pair.rows, pair.other))
    parts = [
        f"{one} row {shared.row} and {other} row {shared.other} ({_short(shared.text)})"
        for shared in found[:ROWS_SHOWN]
    ]
    more = len(found) - ROWS_SHOWN
    return "; ".join(parts) + (f"; and {more} more" if more > 0 else "")


def _short(text: str) -> str:
    from veritrain_lib.quality.text.normal_form import FIELD_END

    shown = " | ".join(text.split(FIELD_END))
    return repr(shown if len(shown) <= 60 else f"{shown[:57]}...")
