"""Which columns are asked, which one is the answer, and which ones cut slices: guessed, and said why."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from veritrain_lib.core.errors import UserError
from veritrain_lib.core.records import RESERVED
from veritrain_lib.new_task.annotators import OF_TOOLS

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

TEXT_NAMES = (
    "translation",
    "target",
    "answer",
    "output",
    "response",
    "reply",
    "summary",
    "completion",
    "reference",
    "rewrite",
)
"""Names of columns with answers that are texts."""

ASKED_NAMES = (*INPUT_NAMES, "source", "src", "prompt", "instruction", "context", "article", "document")
"""Names of columns with what such an answer is asked of."""

MOST_SLICE_VALUES = 12
"""A column with more different values is no slice column: its slices would be too small to show anything."""


@dataclass(frozen=True)
class Columns:
    """What was chosen, and one sentence each on why."""

    inputs: list[str]
    target: str
    slices: list[str]
    why: list[str]


def choose_columns(
    rows: pd.DataFrame, inputs: tuple[str, ...] = (), target: str = "", *, text: bool = False
) -> Columns:
    """The columns named by the user, the rest guessed. `text`: the answers are texts and no labels.

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
        guess = _text_target if text else _target
        target, reason = guess(rows, [name for name in names if name not in inputs and not _of_tool(name)])
        why.append(f"target {target!r}: {reason}")
    if not inputs:
        asked = ASKED_NAMES if text else INPUT_NAMES
        inputs, reason = _inputs(
            rows, [name for name in names if name != target and not _of_tool(name)], asked
        )
        why.append(f"input {', '.join(map(repr, inputs))}: {reason}")
    others = [name for name in names if name not in (*inputs, target, *RESERVED) and not _of_tool(name)]
    slices = [
        name
        for name in others
        if 2 <= rows[name].nunique() <= min(MOST_SLICE_VALUES, len(rows) // 4)
        and (rows[name].str.strip() != "").all()
    ]
    if slices:
        why.append(f"slices also by {', '.join(map(repr, slices))}: few different values, none empty")
    return Columns(list(inputs), target, slices, why)


def _of_tool(name: str) -> bool:
    """Whether an annotation tool keeps the column for itself."""
    return name.lower() in OF_TOOLS or name.endswith(
        (".users", ".status", ".suggestion", ".suggestion.score")
    )


def _text_target(rows: pd.DataFrame, names: list[str]) -> tuple[str, str]:
    texts = [name for name in names if _is_text(rows[name])]
    for known in TEXT_NAMES:
        for name in texts:
            if name.lower() == known:
                return name, "its name, and mostly different texts"
    if len(texts) >= 2:
        return texts[-1], f"the last of the columns with texts ({', '.join(texts)}); --target names another"
    raise UserError(
        "which column holds the answers can't be guessed: an answer that is a text stands in a column of its own, mostly "
        f"different texts of several words; the columns are: {', '.join(names)}. Name it with --target"
    )


def _target(rows: pd.DataFrame, names: list[str]) -> tuple[str, str]:
    fitting = [name for name in names if _is_label(rows[name])]
    for known in TARGET_NAMES:
        for name in fitting:
            if name.lower() == known:
                return name, f"its name, and {rows[name][rows[name] != ''].nunique()} different values"
    if len(fitting) == 1:
        return fitting[0], "the only column with few, short, repeated values"
    for known in TARGET_NAMES:
        for name in names:
            given = rows[name][rows[name].str.strip() != ""]
            if name.lower() == known and given.nunique() == 1:
                raise UserError(
                    f"the column {name!r} holds one label: {given.iloc[0][:60]!r}, in {len(given)} of {len(rows)} rows; at least 2 "
                    "labels are needed. Name another column with --target"
                )
    told = (
        f"several could be: {', '.join(fitting)}"
        if fitting
        else f"no column has few, short, repeated values; the columns are: {', '.join(names)}"
    )
    raise UserError(
        f"which column holds the answers can't be guessed: {told}. Name it with --target; if the answers are texts, such "
        "as translations or replies, pass --text"
    )


def _is_label(column: pd.Series[str]) -> bool:
    given = column[column.str.strip() != ""]
    # Labels repeat: on average each stands on 2 rows at least, and is a name and no sentence.
    return 2 <= given.nunique() <= max(2, len(given) // 2) and bool(given.str.len().max() <= 80)


def _inputs(
    rows: pd.DataFrame, names: list[str], asked: tuple[str, ...] = INPUT_NAMES
) -> tuple[tuple[str, ...], str]:
    known = tuple(name for name in names if name.lower() in asked)
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
