"""Replies into candidate rows; every row that was asked for ends somewhere, with the reason."""

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
    from veritrain_lib.teachers.synthesis.requests import Ask


@dataclass
class Endings:
    """How rows ended: a count for each (slice, outcome, reason)."""

    counts: Counter[tuple[str, str, str]] = field(default_factory=Counter)

    def add(self, which: str, outcome: str, reason: str, rows: int = 1) -> None:
        """Count rows of a slice."""
        if rows > 0:
            self.counts[which, outcome, reason] += rows

    def table(self) -> pd.DataFrame:
        """Columns slice, outcome (done, refused, filtered, invalid, failed), reason, rows; sorted."""
        import pandas as pd

        lines = [(*key, rows) for key, rows in sorted(self.counts.items())]
        return pd.DataFrame(lines, columns=["slice", "outcome", "reason", "rows"])


@dataclass(frozen=True)
class Candidate:
    """An example that came: its fields, the request it is from, and what it cost (the reply's cost, shared)."""

    id: str
    fields: dict[str, str]
    ask: Ask
    reply: str
    cost: float


def candidates(
    task: Task, asked: Sequence[Ask], replies: Sequence[Reply], endings: Endings
) -> list[Candidate]:
    """The examples that came, in order; what did not come is counted in `endings` with the reason.

    A row of a reply that was refused, filtered, invalid or failed ends as the reply did. Of a good reply an
    example with a missing or blank field is invalid, and so is one that was asked for and did not come.
    More examples than asked for are taken.
    """
    found = []
    for ask, reply in zip(asked, replies, strict=True):
        if reply.outcome != "done":
            endings.add(ask.slice, reply.outcome, reply.reason or "no reason given", ask.number)
            continue
        examples = _examples(reply.texts[0])
        if examples is None:
            endings.add(ask.slice, "invalid", "the answer is no list of examples", ask.number)
            continue
        cost = reply.cost / max(len(examples), 1)
        for example in examples:
            fields = _fields(task, ask, example)
            if fields is None:
                endings.add(ask.slice, "invalid", "an example with a missing or blank field")
            else:
                name = of_example({key: fields[key] for key in task.inputs})
                found.append(Candidate(name, fields, ask, reply.digest, cost))
        endings.add(ask.slice, "invalid", "fewer examples than asked for", ask.number - len(examples))
    return found


def _examples(text: str) -> list[Any] | None:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return None
    examples = content.get("examples") if isinstance(content, dict) else None
    return examples if isinstance(examples, list) else None


def _fields(task: Task, ask: Ask, example: Any) -> dict[str, str] | None:
    """The task's columns of an example, the slice's own column filled in; None when a field is missing."""
    if not isinstance(example, dict):
        return None
    fields = dict.fromkeys(task.columns, "")
    for name in written_fields(task):
        value = example.get(name)
        if not isinstance(value, str) or not value.strip():
            return None
        # Half a character (a lone surrogate) can be in no file.
        fields[name] = value.strip().encode("utf-8", "ignore").decode("utf-8")
    column = slice_column(task)
    if column is not None:
        fields[column] = ask.slice
    return fields
