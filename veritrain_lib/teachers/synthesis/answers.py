"""Parsing of replies into examples. Every requested row has an outcome and a reason."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from veritrain_lib.core.digest import of_example
from veritrain_lib.teachers.synthesis.slices import slice_column, written_fields

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.task import Task
    from veritrain_lib.llm.records import Reply
    from veritrain_lib.teachers.synthesis.requests import SynthesisRequest


@dataclass
class RowOutcomes:
    """Counts of requested rows by slice, outcome and reason."""

    counts: Counter[tuple[str, str, str]] = field(default_factory=Counter)

    def add(self, which: str, outcome: str, reason: str, rows: int = 1) -> None:
        """Add a number of rows of a slice with this outcome and reason."""
        if rows > 0:
            self.counts[which, outcome, reason] += rows

    def table(self) -> pd.DataFrame:
        """Return the sorted table: columns slice, outcome (done, refused, filtered, invalid, failed), reason, rows."""
        import pandas as pd

        lines = [(*key, rows) for key, rows in sorted(self.counts.items())]
        return pd.DataFrame(lines, columns=["slice", "outcome", "reason", "rows"])


@dataclass(frozen=True)
class GeneratedExample:
    """An example in a reply.

    Attributes:
        id: Its id, the digest of its input fields.
        fields: The task's columns.
        request: The request that it answers.
        reply: The digest of the reply.
        cost: Its share of the reply's cost, in US dollars.
    """

    id: str
    fields: dict[str, str]
    request: SynthesisRequest
    reply: str
    cost: float


def candidates(
    task: Task, requests_: Sequence[SynthesisRequest], replies: Sequence[Reply], endings: RowOutcomes
) -> list[GeneratedExample]:
    """Return the examples of all replies in order, and count in `endings` the rows that did not come.

    Rows of a reply that was refused, filtered, invalid or failed have the outcome of the reply. In a good reply an
    example with a missing or blank field is invalid, and so is a requested example that did not come. More examples
    than requested are taken.
    """
    generated = []
    for request, reply in zip(requests_, replies, strict=True):
        if reply.outcome != "done":
            endings.add(request.slice, reply.outcome, reply.reason or "no reason given", request.number)
            continue
        examples = _examples(reply.texts[0])
        if examples is None:
            endings.add(request.slice, "invalid", "the answer is no list of examples", request.number)
            continue
        cost = reply.cost / max(len(examples), 1)
        for example in examples:
            fields = _fields(task, request, example)
            if fields is None:
                endings.add(request.slice, "invalid", "an example with a missing or blank field")
            else:
                name = of_example({key: fields[key] for key in task.inputs})
                generated.append(GeneratedExample(name, fields, request, reply.digest, cost))
        endings.add(request.slice, "invalid", "fewer examples than asked for", request.number - len(examples))
    return generated


def _examples(text: str) -> list[Any] | None:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return None
    examples = content.get("examples") if isinstance(content, dict) else None
    return examples if isinstance(examples, list) else None


def _fields(task: Task, request: SynthesisRequest, example: Any) -> dict[str, str] | None:
    """Return the task's columns of an example, with the slice's column filled in; None when a field is missing."""
    if not isinstance(example, dict):
        return None
    fields = dict.fromkeys(task.columns, "")
    for name in written_fields(task):
        value = example.get(name)
        if not isinstance(value, str) or not value.strip():
            return None
        # Half a character (a lone surrogate) can't be written to a file.
        fields[name] = value.strip().encode("utf-8", "ignore").decode("utf-8")
    column = slice_column(task)
    if column is not None:
        fields[column] = request.slice
    return fields
