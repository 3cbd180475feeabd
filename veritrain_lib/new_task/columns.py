"""Which columns are asked, which one is the answer, and which ones cut slices: guessed, and said why."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from veritrain_lib.errors import UserError
from veritrain_lib.records import RESERVED

if TYPE_CHECKING:
    import pandas as pd

TARGET_NAMES = ("label", "intent", "target", "category", "class", "topic", "answer", "tag", "sentiment", "y")
INPUT_NAMES = (
    "text",
    "message",
    "utterance",
    "query",
    "question",
    "sentence",
    "title",
    "subject",
    "body",
    "content",
    "input",
    "comment",
    "review",
)

MOST_SLICE_VALUES = 12
"""A column with more different values is no slice column: its slices would be too small to show anything."""


@dataclass(frozen=True)
class Columns:
    """What was chosen, and one sentence each on why."""

    inputs: list[str]
    target: str
    slices: list[str]
    why: list[str]


def choose_columns(rows: pd.DataFrame, inputs: tuple[str, ...] = (), target: str = "") -> Columns:
    """The columns named by the user, the rest guessed.

    Raises UserError when a named column is not there, is named twice, or nothing can be guessed.
    """
    names = [str(name) for name in rows.columns]
    for name in [*inputs, *([target] if target else [])]:
        if name not in names:
            near = difflib.get_close_matches(name, names, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise UserError(f"there is no column {name!r}.{hint} The columns are: {', '.join(names)}")
    if target in inputs or len(set(inputs)) != len(inputs):
        raise UserError(f"a column is named twice: inputs {', '.join(inputs)}; target {target}")
    why = []
    if not target:
        target, reason = _target(rows, [name for name in names if name not in inputs])
        why.append(f"target {target!r}: {reason}")
    if not inputs:
        inputs, reason = _inputs(rows, [name for name in names if name != target])
        why.append(f"input {', '.join(map(repr, inputs))}: {reason}")
    others = [name for name in names if name not in (*inputs, target, *RESERVED)]
    slices = [
        name
        for name in others
        if 2 <= rows[name].nunique() <= min(MOST_SLICE_VALUES, len(rows) // 4)
        and (rows[name].str.strip() != "").all()
    ]
    if slices:
        why.append(f"slices also by {', '.join(map(repr, slices))}: few different values, none empty")
    return Columns(list(inputs), target, slices, why)


def _target(rows: pd.DataFrame, names: list[str]) -> tuple[str, str]:
    fitting = [name for name in names if _is_label(rows[name])]
    for known in TARGET_NAMES:
        for name in fitting:
            if name.lower() == known:
                return name, f"its name, and {rows[name][rows[name] != ''].nunique()} different values"
    if len(fitting) == 1:
        return fitting[0], "the only column with few, short, repeated values"
    told = (
        f"several could be: {', '.join(fitting)}"
        if fitting
        else f"no column has few, short, repeated values; the columns are: {', '.join(names)}"
    )
    raise UserError(f"which column holds the answers can't be guessed: {told}. Name it with --target")


def _is_label(column: pd.Series[str]) -> bool:
    given = column[column.str.strip() != ""]
    # Labels repeat: on average each stands on 2 rows at least, and is a name and no sentence.
    return 2 <= given.nunique() <= max(2, len(given) // 2) and bool(given.str.len().max() <= 80)


def _inputs(rows: pd.DataFrame, names: list[str]) -> tuple[tuple[str, ...], str]:
    known = tuple(name for name in names if name.lower() in INPUT_NAMES)
    if known:
        return known, "its name" if len(known) == 1 else "their names"
    texts = tuple(name for name in names if _is_text(rows[name]))
    if texts:
        return texts, "mostly different texts of several words"
    raise UserError(
        f"which column holds the input can't be guessed; the columns are: {', '.join(names) or 'none beside the target'}. Name it with --input"
    )


def _is_text(column: pd.Series[str]) -> bool:
    given = column[column.str.strip() != ""]
    if not len(given) or given.nunique() < len(given) / 2:
        return False
    several_words = given.map(lambda text: len(text.split())).mean() >= 2
    dense = given.str.count(r"[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af]").mean() >= 3
    return bool(several_words or dense)
