"""The teacher `augment`: variations of human rows with the same meaning, made without a model or a network."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from veritrain_lib.core.digest import of_example
from veritrain_lib.core.errors import UserError
from veritrain_lib.teachers import selection_strategies, variation
from veritrain_lib.teachers.base import TeacherRequest, TeacherResult
from veritrain_lib.teachers.synthesis.slices import ALL_ROWS, slice_column

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.task import Task

ATTEMPTS_A_ROW = 30
"""Number of attempts per requested row, after which no more variations of a label are tried; short texts have few."""


@dataclass(frozen=True)
class _Variant:
    fields: dict[str, str]
    operations: list[str]


class Augment:
    """Teacher that varies human rows: typing errors, case, punctuation, contractions, omitted words, greetings.

    A variation counts as new only if it differs from every accepted row by more than case, spaces and
    punctuation.

    Attributes:
        operations: Names from `variation.NAMES`; None, the default, for all that suit the language of the
            input field.
        changes: The number of different operations applied to each row, 1 to 5.

    Raises:
        UserError: for an unknown parameter or operation, or a value out of range.
    """

    name = "augment"

    def __init__(self, operations: Iterable[str] | None = None, changes: int = 2, **unknown: Any) -> None:
        if unknown:
            names = ", ".join(sorted(unknown))
            raise UserError(f"teacher augment has no parameter {names}; allowed: operations, changes")
        self.operations = list(variation.NAMES if operations is None else operations)
        wrong = [name for name in self.operations if name not in variation.NAMES]
        if wrong or not self.operations:
            allowed = ", ".join(variation.NAMES)
            raise UserError(
                f"teacher augment knows no operation {wrong or 'out of none'}; allowed: {allowed}"
            )
        if type(changes) is not int or not 1 <= changes <= 5:
            raise UserError(f"teacher augment: changes must be a whole number from 1 to 5, not {changes!r}")
        self.changes = changes

    def write(self, request: TeacherRequest) -> TeacherResult:
        """Return up to `request.rows` new rows with source `synthetic`, which are variations of accepted human rows.

        `request.shares` sets the share of the new rows for each label; without it all labels of the human
        rows get equally many. In a task without labels, slices (the rows with one value in a column) take the place of
        labels, and only operations are used that leave the answer right. A label without human rows, or with too few possible
        variations, gets fewer rows. Rows with an id in `request.used` and copies of known texts are never
        returned.

        Raises:
            UserError: when no accepted row is human and has an answer.
        """
        import pandas as pd

        task, target = request.task, request.task.target.field
        human_rows = request.accepted_rows[
            (request.accepted_rows["source"] == "human") & (request.accepted_rows[target] != "")
        ]
        if not len(human_rows):
            raise UserError("teacher augment varies human rows, and there is none with an answer")
        column = slice_column(task)
        by_label = (
            {str(label): group for label, group in human_rows.groupby(column)}
            if column
            else {ALL_ROWS: human_rows}
        )
        quotas = selection_strategies.in_proportion(
            request.shares or dict.fromkeys(by_label, 1.0), request.rows
        )
        known_texts = {
            _letters_and_digits(task, fields)
            for fields in request.accepted_rows[list(task.inputs)].to_dict("records")
        }
        written: list[dict[str, str]] = []
        for label, count in quotas.items():
            if label in by_label:
                written += self._vary(request, label, by_label[label], count, known_texts)
        rows = pd.DataFrame(written, columns=["id", *task.columns, "source", "provenance"], dtype=object)
        return TeacherResult(rows, rows.iloc[:0])

    def _vary(
        self, request: TeacherRequest, label: str, seeds: pd.DataFrame, count: int, known_texts: set[str]
    ) -> list[dict[str, str]]:
        task = request.task
        # A random stream of its own for each label: requesting rows of another label leaves these as they are.
        rng = random.Random(f"{request.seed}/{label}")
        parents = seeds.to_dict("records")
        rng.shuffle(parents)
        varied: list[dict[str, str]] = []
        for attempt in range(count * ATTEMPTS_A_ROW):
            if len(varied) == count:
                break
            parent = {str(name): str(value) for name, value in parents[attempt % len(parents)].items()}
            variant = self._variant(task, parent, rng)
            if variant is None or _letters_and_digits(task, variant.fields) in known_texts:
                continue
            name = of_example(variant.fields)
            if name in request.used:
                continue
            known_texts.add(_letters_and_digits(task, variant.fields))
            note = {"teacher": self.name, "operations": variant.operations, "seed_rows": [parent["id"]]}
            columns = {column: parent[column] for column in task.columns}
            metadata = {"id": name, "source": "synthetic", "provenance": json.dumps(note)}
            varied.append({**columns, **variant.fields, **metadata})
        return varied

    def _variant(self, task: Task, parent: dict[str, str], rng: random.Random) -> _Variant | None:
        fields = {name: parent[name] for name in task.inputs}
        filled = [name for name, text in fields.items() if text.strip()]
        if not filled:
            return None
        field = rng.choice(filled)
        language = task.inputs[field].language
        if task.target.direction and field == next(iter(task.inputs)):
            language = task.languages_of(parent.get(task.target.direction))[0]
        available = variation.operations(language)
        allowed = (
            available
            if task.labels
            else {name: available[name] for name in available if name in variation.SILENT}
        )
        names = [name for name in self.operations if name in allowed]
        text = fields[field]
        applied: list[str] = []
        for name in rng.sample(names, len(names)):
            changed = available[name](text, rng) if len(applied) < self.changes else None
            if changed is not None and changed != text:
                text = changed
                applied.append(name)
        return _Variant({**fields, field: text}, applied) if applied else None


def _letters_and_digits(task: Task, fields: dict[Any, Any]) -> str:
    """Return the letters and digits of a row's input fields in lower case, by which texts are compared."""
    texts = (str(fields[name]).casefold() for name in task.inputs)
    return "\n".join("".join(mark for mark in text if mark.isalnum()) for text in texts)
