"""Function that guesses which columns of a user's file are a new task's inputs, target and slices.

Each guess is explained in a sentence for the user.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from veritrain_lib.core.errors import UserError
from veritrain_lib.core.records import RESERVED
from veritrain_lib.new_task.annotators import ANNOTATION_TOOL_COLUMNS

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

TEXT_TARGET_NAMES = (
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
"""Usual names of target columns with free-text answers, in the order in which they are tried."""

TEXT_INPUT_NAMES = (*INPUT_NAMES, "source", "src", "prompt", "instruction", "context", "article", "document")
"""Usual names of input columns in files with free-text answers."""

MAX_SLICE_VALUES = 12
"""Maximum number of distinct values of a column that is used for slices; with more, slices would have too few rows."""


@dataclass(frozen=True)
class TaskColumns:
    """Roles of a user's columns in a new task: input, target or slice.

    Attributes:
        inputs: names of the input columns.
        target: name of the target column.
        slices: names of further columns whose values define slices.
        why: one sentence per guess that explains it.
    """

    inputs: list[str]
    target: str
    slices: list[str]
    why: list[str]


def choose_columns(
    rows: pd.DataFrame, inputs: tuple[str, ...] = (), target: str = "", *, text: bool = False
) -> TaskColumns:
    """Choose a new task's input, target and slice columns; what the user did not name is guessed.

    Args:
        rows: the rows of the file, all cells as strings.
        inputs: input columns named by the user; empty to guess them.
        target: target column named by the user; empty to guess it.
        text: whether the answers are free texts instead of labels.

    Returns:
        The columns, with a sentence on each guess.

    Raises:
        UserError: a named column does not exist or is named twice, or a column can't be guessed.
    """
    names = [str(name) for name in rows.columns]
    for name in [*inputs, *([target] if target else [])]:
        if name not in names:
            similar = difflib.get_close_matches(name, names, n=1)
            hint = f" Did you mean {similar[0]!r}?" if similar else ""
            raise UserError(f"there is no column {name!r}.{hint} The columns are: {', '.join(names)}")
    if target in inputs or len(set(inputs)) != len(inputs):
        raise UserError(f"a column is named twice: inputs {', '.join(inputs)}; target {target}")
    why = []
    if not target:
        guess = _text_target if text else _target
        target, reason = guess(
            rows, [name for name in names if name not in inputs and not _is_tool_column(name)]
        )
        why.append(f"target {target!r}: {reason}")
    if not inputs:
        usual_names = TEXT_INPUT_NAMES if text else INPUT_NAMES
        inputs, reason = _inputs(
            rows, [name for name in names if name != target and not _is_tool_column(name)], usual_names
        )
        why.append(f"input {', '.join(map(repr, inputs))}: {reason}")
    others = [
        name for name in names if name not in (*inputs, target, *RESERVED) and not _is_tool_column(name)
    ]
    slices = [
        name
        for name in others
        if 2 <= rows[name].nunique() <= min(MAX_SLICE_VALUES, len(rows) // 4)
        and (rows[name].str.strip() != "").all()
    ]
    if slices:
        why.append(f"slices also by {', '.join(map(repr, slices))}: few distinct values, none empty")
    return TaskColumns(list(inputs), target, slices, why)


def _is_tool_column(name: str) -> bool:
    """Return whether a column, judged by its name, contains metadata of an annotation tool."""
    return name.lower() in ANNOTATION_TOOL_COLUMNS or name.endswith(
        (".users", ".status", ".suggestion", ".suggestion.score")
    )


def _text_target(rows: pd.DataFrame, names: list[str]) -> tuple[str, str]:
    texts = [name for name in names if _is_text(rows[name])]
    for usual_name in TEXT_TARGET_NAMES:
        for name in texts:
            if name.lower() == usual_name:
                return name, "its name, and mostly distinct texts"
    if len(texts) >= 2:
        return texts[-1], f"the last of the columns with texts ({', '.join(texts)}); --target names another"
    raise UserError(
        "which column holds the answers can't be guessed: free-text answers need a column of their own with mostly "
        f"distinct texts of several words; the columns are: {', '.join(names)}. Name it with --target"
    )


def _target(rows: pd.DataFrame, names: list[str]) -> tuple[str, str]:
    candidates = [name for name in names if _is_label(rows[name])]
    for usual_name in TARGET_NAMES:
        for name in candidates:
            if name.lower() == usual_name:
                return name, f"its name, and {rows[name][rows[name] != ''].nunique()} distinct values"
    if len(candidates) == 1:
        return candidates[0], "the only column with few, short, repeated values"
    for usual_name in TARGET_NAMES:
        for name in names:
            filled = rows[name][rows[name].str.strip() != ""]
            if name.lower() == usual_name and filled.nunique() == 1:
                raise UserError(
                    f"the column {name!r} holds one label: {filled.iloc[0][:60]!r}, in {len(filled)} of {len(rows)} rows; at least 2 "
                    "labels are needed. Name another column with --target"
                )
    problem = (
        f"several columns are possible: {', '.join(candidates)}"
        if candidates
        else f"no column has few, short, repeated values; the columns are: {', '.join(names)}"
    )
    raise UserError(
        f"which column holds the answers can't be guessed: {problem}. Name it with --target; if the answers are free texts, such "
        "as translations or replies, pass --text"
    )


def _is_label(column: pd.Series[str]) -> bool:
    filled = column[column.str.strip() != ""]
    # Labels repeat: on average each occurs in at least 2 rows; and they are short names, not sentences.
    return 2 <= filled.nunique() <= max(2, len(filled) // 2) and bool(filled.str.len().max() <= 80)


def _inputs(
    rows: pd.DataFrame, names: list[str], usual_names: tuple[str, ...] = INPUT_NAMES
) -> tuple[tuple[str, ...], str]:
    named = tuple(name for name in names if name.lower() in usual_names)
    if named:
        return named, "its name" if len(named) == 1 else "their names"
    texts = tuple(name for name in names if _is_text(rows[name]))
    if texts:
        return texts, "mostly distinct texts of several words"
    raise UserError(
        f"which column holds the input can't be guessed; the columns are: {', '.join(names) or 'none beside the target'}. Name it with --input"
    )


def _is_text(column: pd.Series[str]) -> bool:
    filled = column[column.str.strip() != ""]
    if not len(filled) or filled.nunique() < len(filled) / 2:
        return False
    several_words = filled.map(lambda text: len(text.split())).mean() >= 2
    unspaced = filled.str.count(r"[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af]").mean() >= 3
    return bool(several_words or unspaced)
