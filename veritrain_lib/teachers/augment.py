"""Writes offline variations of human rows: no model, no network, no new meaning."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from veritrain_lib.core.digest import of_example
from veritrain_lib.core.errors import UserError
from veritrain_lib.teachers import selection_strategies, variation
from veritrain_lib.teachers.base import Request, Written
from veritrain_lib.teachers.synthesis.slices import ALL_ROWS, slice_column

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.task import Task

ATTEMPTS_A_ROW = 30
"""Tries a row asked for, after which the label counts as used up: short texts run out."""


@dataclass(frozen=True)
class _Variant:
    fields: dict[str, str]
    operations: list[str]


class Augment:
    """Varies human rows: typing errors, case, punctuation, contractions, spare words, greetings, closings.

    `operations` are names out of `variation.NAMES` (default: all that suit the language of the input field);
    `changes` is how many different operations are put on each row, 1 to 5. A row is new only when more than
    case, blanks and punctuation tells it from every row at hand.

    Raises UserError for an unknown parameter or operation, or a value out of range.
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

    def write(self, request: Request) -> Written:
        """Up to `request.rows` rows of source `synthetic`, varied from the trusted rows of source `human`.

        Of a task without labels its slices take the place of labels, and nothing is put into a text that its answer
        would have to say too. `request.shares` says how many each label gets; without it all labels of the human rows get the same
        number. A label without human rows, or whose variations are used up, gets fewer. Never gives an id of
        `request.used` or a text at hand. Raises UserError when no trusted row is human and has an answer.
        """
        import pandas as pd

        task, target = request.task, request.task.target.field
        human = request.trusted[(request.trusted["source"] == "human") & (request.trusted[target] != "")]
        if not len(human):
            raise UserError("teacher augment varies human rows, and none with an answer is at hand")
        column = slice_column(task)
        by_label = (
            {str(label): group for label, group in human.groupby(column)} if column else {ALL_ROWS: human}
        )
        quotas = selection_strategies.in_proportion(
            request.shares or dict.fromkeys(by_label, 1.0), request.rows
        )
        taken = {_bare(task, fields) for fields in request.trusted[list(task.inputs)].to_dict("records")}
        written: list[dict[str, str]] = []
        for label, number in quotas.items():
            if label in by_label:
                written += self._vary(request, label, by_label[label], number, taken)
        rows = pd.DataFrame(written, columns=["id", *task.columns, "source", "provenance"], dtype=object)
        return Written(rows, rows.iloc[:0])

    def _vary(
        self, request: Request, label: str, seeds: pd.DataFrame, number: int, taken: set[str]
    ) -> list[dict[str, str]]:
        task = request.task
        # A stream of its own for each label: asking for another label's rows leaves these as they are.
        rng = random.Random(f"{request.seed}/{label}")
        parents = seeds.to_dict("records")
        rng.shuffle(parents)
        found: list[dict[str, str]] = []
        for attempt in range(number * ATTEMPTS_A_ROW):
            if len(found) == number:
                break
            parent = {str(name): str(value) for name, value in parents[attempt % len(parents)].items()}
            variant = self._variant(task, parent, rng)
            if variant is None or _bare(task, variant.fields) in taken:
                continue
            name = of_example(variant.fields)
            if name in request.used:
                continue
            taken.add(_bare(task, variant.fields))
            note = {"teacher": self.name, "operations": variant.operations, "seed_rows": [parent["id"]]}
            kept = {column: parent[column] for column in task.columns}
            made = {"id": name, "source": "synthetic", "provenance": json.dumps(note)}
            found.append({**kept, **variant.fields, **made})
        return found

    def _variant(self, task: Task, parent: dict[str, str], rng: random.Random) -> _Variant | None:
        fields = {name: parent[name] for name in task.inputs}
        filled = [name for name, text in fields.items() if text.strip()]
        if not filled:
            return None
        field = rng.choice(filled)
        language = task.inputs[field].language
        if task.target.direction and field == next(iter(task.inputs)):
            language = task.languages_of(parent.get(task.target.direction))[0]
        suitable = variation.operations(language)
        kept = (
            suitable
            if task.labels
            else {name: suitable[name] for name in suitable if name in variation.SILENT}
        )
        names = [name for name in self.operations if name in kept]
        text = fields[field]
        done: list[str] = []
        for name in rng.sample(names, len(names)):
            changed = suitable[name](text, rng) if len(done) < self.changes else None
            if changed is not None and changed != text:
                text = changed
                done.append(name)
        return _Variant({**fields, field: text}, done) if done else None


def _bare(task: Task, fields: dict[Any, Any]) -> str:
    """The letters and digits of the input fields, without case: what makes a text new."""
    texts = (str(fields[name]).casefold() for name in task.inputs)
    return "\n".join("".join(mark for mark in text if mark.isalnum()) for text in texts)
