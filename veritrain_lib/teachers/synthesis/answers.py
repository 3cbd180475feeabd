"""Functions that parse a chat model's replies into new rows, and that count the outcome of every requested row."""

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
    """Counter of the rows that were requested from a chat model, by slice, outcome and reason."""

    counts: Counter[tuple[str, str, str]] = field(default_factory=Counter)

    def add(self, which: str, outcome: str, reason: str, rows: int = 1) -> None:
        """Count requested rows of a slice under an outcome and a reason.

        Args:
            which: The slice.
            outcome: The outcome: `done`, `refused`, `filtered`, `invalid` or `failed`.
            reason: The reason in words.
            rows: The number of rows.
        """
        if rows > 0:
            self.counts[which, outcome, reason] += rows

    def table(self) -> pd.DataFrame:
        """Return the numbers of requested rows as a table with the columns slice, outcome, reason and rows."""
        import pandas as pd

        lines = [(*key, rows) for key, rows in sorted(self.counts.items())]
        return pd.DataFrame(lines, columns=["slice", "outcome", "reason", "rows"])


@dataclass(frozen=True)
class GeneratedExample:
    """New example of a task that a chat model wrote.

    Attributes:
        id: Its id, the digest of its input fields.
        fields: Its values by column of the task.
        request: The request that asked for it.
        reply: The digest of the reply that contains it.
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
    """Return the new examples in all replies, in order, and count in `endings` the requested rows that are missing.

    The rows of a reply that was refused, filtered, invalid or failed get the outcome of the reply. In a good
    reply, an example with a missing or blank field counts as invalid, and so does each requested example that
    is missing. Surplus examples are kept.

    Args:
        task: The task.
        requests_: The requests.
        replies: The reply to each request, in the same order.
        endings: The counter.
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
    """Return an example's values by column of the task, with the slice filled in; None if a field is missing.

    Args:
        task: The task.
        request: The request that asked for the example; it names the slice.
        example: The example in the reply's JSON.
    """
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
