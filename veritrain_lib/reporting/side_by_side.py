"""Table of expected answers beside the answers of two models, with the differences highlighted."""

from __future__ import annotations

import difflib
import html
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from veritrain_lib.reporting.japanese import has_kana, language_attribute

if TYPE_CHECKING:
    import pandas as pd

_WORDS = re.compile(r"[A-Za-z0-9À-ɏ'’.,%-]+|\s+|.", re.S)
"""Pattern of a token for the comparison: a word, whitespace, or one character of a script without spaces."""

ADDED = "background:#cde7ff;text-decoration:none"
REMOVED = "background:#ffd9c7;text-decoration:line-through"


@dataclass(frozen=True)
class AnswersSideBySide:
    """Rows with inputs, expected answer and the answers of two models, displayed as a table in a notebook.

    In each answer, text that the expected answer does not have is highlighted in blue, and text that is
    missing is inserted and struck through.

    Attributes:
        rows: one row per input, with the columns `expected`, `champion`, `challenger`, `champion_grade`,
            `challenger_grade`, and the input columns.
    """

    rows: pd.DataFrame = field(repr=False)

    def _repr_html_(self) -> str:
        if not len(self.rows):
            return "<p>No row was answered wrong.</p>"
        fixed_columns = ("id", "expected", "champion", "challenger")
        suffixes = ("_correct", "_grade")
        inputs = [
            name for name in map(str, self.rows) if name not in fixed_columns and not name.endswith(suffixes)
        ]
        headers = [*inputs, "expected", "champion", "challenger"]
        lines = [
            "<tr>"
            + "".join(f"<th style='text-align:left'>{html.escape(name)}</th>" for name in headers)
            + "</tr>"
        ]
        for row in self.rows.to_dict("records"):
            cells = [html.escape(str(row[name])) for name in [*inputs, "expected"]]
            cells += [
                f"{mark_differences(str(row['expected']), str(row[role]))} <small>({row[f'{role}_grade']:.2f})</small>"
                for role in ("champion", "challenger")
            ]
            texts = [str(row[name]) for name in headers]
            attributes = [language_attribute(text, has_kana(texts)) for text in texts]
            lines.append(
                "<tr>"
                + "".join(
                    f"<td{attribute} style='text-align:left'>{cell}</td>"
                    for attribute, cell in zip(attributes, cells, strict=True)
                )
                + "</tr>"
            )
        return f"<table>{''.join(lines)}</table>"


def mark_differences(expected: str, answer: str) -> str:
    """Return a model's answer as escaped HTML with its differences from the expected text highlighted.

    Args:
        expected: the expected text.
        answer: the model's answer.
    """
    expected_tokens, answer_tokens = _WORDS.findall(expected), _WORDS.findall(answer)
    parts = []
    for kind, start, end, answer_start, answer_end in difflib.SequenceMatcher(
        None, expected_tokens, answer_tokens, autojunk=False
    ).get_opcodes():
        removed, added = (
            html.escape("".join(expected_tokens[start:end])),
            html.escape("".join(answer_tokens[answer_start:answer_end])),
        )
        if kind == "equal":
            parts.append(added)
            continue
        parts += [f"<del style='{REMOVED}'>{removed}</del>"] if removed else []
        parts += [f"<ins style='{ADDED}'>{added}</ins>"] if added else []
    return "".join(parts)
