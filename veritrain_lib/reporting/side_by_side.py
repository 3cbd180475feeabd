"""Answers beside what was expected, with what differs marked."""

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
"""A word, a gap, or one character of a script without spaces."""

ADDED = "background:#cde7ff;text-decoration:none"
LOST = "background:#ffd9c7;text-decoration:line-through"


@dataclass(frozen=True)
class SideBySide:
    """Rows with the inputs, the expected answer and both models' answers.

    `rows` has `expected`, `champion`, `challenger`, their `_grade`s, and the input columns. In a notebook what an
    answer has beyond the expected one is underlaid blue, what it lacks is struck through.
    """

    rows: pd.DataFrame = field(repr=False)

    def _repr_html_(self) -> str:
        if not len(self.rows):
            return "<p>No row was answered wrong.</p>"
        own = ("id", "expected", "champion", "challenger")
        ends = ("_correct", "_grade")
        inputs = [name for name in map(str, self.rows) if name not in own and not name.endswith(ends)]
        heads = [*inputs, "expected", "champion", "challenger"]
        lines = [
            "<tr>"
            + "".join(f"<th style='text-align:left'>{html.escape(one)}</th>" for one in heads)
            + "</tr>"
        ]
        for row in self.rows.to_dict("records"):
            cells = [html.escape(str(row[name])) for name in [*inputs, "expected"]]
            cells += [
                f"{marked(str(row['expected']), str(row[role]))} <small>({row[f'{role}_grade']:.2f})</small>"
                for role in ("champion", "challenger")
            ]
            texts = [str(row[name]) for name in heads]
            marks = [language_attribute(text, has_kana(texts)) for text in texts]
            lines.append(
                "<tr>"
                + "".join(
                    f"<td{mark} style='text-align:left'>{cell}</td>"
                    for mark, cell in zip(marks, cells, strict=True)
                )
                + "</tr>"
            )
        return f"<table>{''.join(lines)}</table>"


def marked(expected: str, answer: str) -> str:
    """The answer as HTML, what differs from the expected text marked; text is escaped."""
    wanted, given = _WORDS.findall(expected), _WORDS.findall(answer)
    parts = []
    for kind, a, b, c, d in difflib.SequenceMatcher(None, wanted, given, autojunk=False).get_opcodes():
        lost, new = html.escape("".join(wanted[a:b])), html.escape("".join(given[c:d]))
        if kind == "equal":
            parts.append(new)
            continue
        parts += [f"<del style='{LOST}'>{lost}</del>"] if lost else []
        parts += [f"<ins style='{ADDED}'>{new}</ins>"] if new else []
    return "".join(parts)
