"""The requests: for each slice of the plan, as many as its share needs, each showing human rows."""

from __future__ import annotations

import hashlib
import math
import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from veritrain_lib.llm.records import ChatRequest
from veritrain_lib.teachers.synthesis.slices import Slice, slices_of, written_fields

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task
    from veritrain_lib.prompts.prompt import Prompt
    from veritrain_lib.teachers.base import Request

NAMES = ("task", "target", "fields", "number", "slice", "neighbour", "examples", "labels")
"""The names that a prompt named `write` may use."""


@dataclass(frozen=True)
class Ask:
    """One request: for which slice, told apart from which, and the ids of the human rows that it shows."""

    slice: str
    neighbour: str
    seed_rows: tuple[str, ...]
    neighbour_rows: tuple[str, ...]
    number: int
    request: ChatRequest


@dataclass(frozen=True)
class Manner:
    """How to ask: rows a request, human rows shown, randomness, and the most tokens of an answer (None: by rows)."""

    batch: int
    few_shot: int
    over: float
    temperature: float | None
    max_tokens: int | None


def asks(
    request: Request, prompt: Prompt, manner: Manner, quotas: Mapping[str, int], near: Mapping[str, str]
) -> list[Ask]:
    """Every request, slice by slice. `quotas` are rows a slice, `near` the slice that each is confused with.

    A slice is asked for `over` times its quota, rounded up to whole requests: asking for a few rows more
    later leaves the earlier requests as they are, so that the ledger knows them. The human rows of a request
    are drawn by the request's seed, the slice and the number of the request within it.
    """
    task = request.task
    wanted = {name: number for name, number in quotas.items() if number > 0}
    known = slices_of(task, request.trusted, list(dict.fromkeys([*wanted, *near.values()])))
    limit = manner.max_tokens or most_tokens(task, list(known.values()), manner.batch)
    found = []
    for name, number in wanted.items():
        other = known.get(near.get(name, ""))
        for at in range(math.ceil(number * manner.over / manner.batch)):
            source = f"{request.seed}/{name}/{at}"
            rng = random.Random(source)
            shown = _drawn(known[name], manner.few_shot, rng)
            # Fewer of the neighbour: they show where the border is, and are not what is asked for.
            beyond = _drawn(other, math.ceil(manner.few_shot / 2), rng) if other else []
            values = _values(task, known[name], other, shown, beyond, manner.batch)
            chat = ChatRequest(
                messages=prompt.render(**values),
                sample=at,
                temperature=manner.temperature,
                max_tokens=limit,
                seed=int.from_bytes(hashlib.sha256(source.encode()).digest()[:4]) >> 1,
                schema=schema(task),
                purpose="teacher",
            )
            ids = [tuple(row["id"] for row in rows) for rows in (shown, beyond)]
            found.append(Ask(name, other.name if other else "", ids[0], ids[1], manner.batch, chat))
    return found


def schema(task: Task) -> dict[str, Any]:
    """What an answer must look like: `examples`, each an object with every written field as text."""
    fields = written_fields(task)
    example = {
        "type": "object",
        "properties": {name: {"type": "string"} for name in fields},
        "required": fields,
        "additionalProperties": False,
    }
    return {
        "type": "object",
        "properties": {"examples": {"type": "array", "items": example}},
        "required": ["examples"],
        "additionalProperties": False,
    }


def most_tokens(task: Task, slices: list[Slice], batch: int) -> int:
    """A limit for an answer that no honest one reaches: each row twice as long as the longest human row.

    Counted as a token for two characters (English has about four a token, Japanese about one), 60 more a row
    for the field names, and 100 for the rest. At least 100 characters are granted to a row.
    """
    fields = written_fields(task)
    longest = max((sum(len(row[name]) for name in fields) for one in slices for row in one.human), default=0)
    return 100 + batch * (60 + max(longest, 100))


def _drawn(which: Slice, number: int, rng: random.Random) -> list[dict[str, str]]:
    return rng.sample(which.human, min(number, len(which.human)))


def _values(
    task: Task,
    this: Slice,
    other: Slice | None,
    shown: list[dict[str, str]],
    beyond: list[dict[str, str]],
    number: int,
) -> dict[str, Any]:
    fields = written_fields(task)

    def told(one: Slice, rows: list[dict[str, str]]) -> dict[str, Any]:
        return {
            "name": one.name,
            "column": one.column,
            "description": one.description,
            "examples": [{name: row[name] for name in fields} for row in rows],
        }

    here = told(this, shown)
    inputs = task.inputs
    return {
        "task": {"name": task.name, "description": task.description},
        "target": task.target.field,
        "fields": [
            {
                "name": name,
                "description": inputs[name].description if name in inputs else "",
                "language": (inputs[name].language if name in inputs else task.target.language) or "",
            }
            for name in fields
        ],
        "number": number,
        "slice": here,
        "neighbour": told(other, beyond) if other else None,
        "examples": here["examples"],
        "labels": [
            {"name": label, "description": task.target.descriptions.get(label, "")} for label in task.labels
        ],
        "glossary": dict(task.glossary),
    }
