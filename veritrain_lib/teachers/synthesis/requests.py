"""Functions that build the requests by which the teacher `llm` lets a chat model write rows: prompts with human examples."""

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
    from veritrain_lib.teachers.base import TeacherRequest

NAMES = ("task", "target", "fields", "number", "slice", "neighbour", "examples", "labels")
"""Names of the variables that a prompt template `write` may use."""


@dataclass(frozen=True)
class SynthesisRequest:
    """One request to a chat model for new rows of a slice.

    Attributes:
        slice: The slice of the new rows.
        neighbour: The slice that the new rows must be kept apart from; empty for none.
        seed_rows: The ids of the human rows of the slice that the request shows.
        neighbour_rows: The ids of the human rows of the neighbour that the request shows.
        number: The number of rows that the request asks for.
        request: The chat request itself.
    """

    slice: str
    neighbour: str
    seed_rows: tuple[str, ...]
    neighbour_rows: tuple[str, ...]
    number: int
    request: ChatRequest


@dataclass(frozen=True)
class SynthesisSettings:
    """Settings of the requests that ask a chat model for new rows.

    Attributes:
        batch: The number of rows that one request asks for.
        few_shot: The number of human rows that a request shows as examples.
        over: The number of rows requested for each row that is kept.
        temperature: The sampling temperature; None for the provider's default.
        max_tokens: The token limit of an answer; None for a limit computed from the human rows.
    """

    batch: int
    few_shot: int
    over: float
    temperature: float | None
    max_tokens: int | None


def build_requests(
    request: TeacherRequest,
    prompt: Prompt,
    settings: SynthesisSettings,
    quotas: Mapping[str, int],
    neighbour_of: Mapping[str, str],
) -> list[SynthesisRequest]:
    """Build all requests to the chat model for new rows, slice by slice.

    A slice gets requests for `over` times its quota of rows, rounded up to whole requests. The human rows
    that a request shows depend only on the seed, the slice and the number of the request. A higher quota
    therefore leaves the earlier requests unchanged, and their answers are found in the ledger.

    Args:
        request: The request to the teacher.
        prompt: The prompt template.
        settings: The settings of the requests.
        quotas: The number of rows to keep for each slice.
        neighbour_of: For each slice the one that it must be kept apart from.
    """
    task = request.task
    positive_quotas = {name: number for name, number in quotas.items() if number > 0}
    slices = slices_of(
        task, request.accepted_rows, list(dict.fromkeys([*positive_quotas, *neighbour_of.values()]))
    )
    limit = settings.max_tokens or most_tokens(task, list(slices.values()), settings.batch)
    requests_ = []
    for name, number in positive_quotas.items():
        neighbour = slices.get(neighbour_of.get(name, ""))
        for number_of_request in range(math.ceil(number * settings.over / settings.batch)):
            seed_text = f"{request.seed}/{name}/{number_of_request}"
            rng = random.Random(seed_text)
            slice_rows = _drawn(slices[name], settings.few_shot, rng)
            # Fewer of the neighbour: they only show the border, and are not what is requested.
            neighbour_rows = _drawn(neighbour, math.ceil(settings.few_shot / 2), rng) if neighbour else []
            values = _values(task, slices[name], neighbour, slice_rows, neighbour_rows, settings.batch)
            chat = ChatRequest(
                messages=prompt.render(**values),
                sample=number_of_request,
                temperature=settings.temperature,
                max_tokens=limit,
                seed=int.from_bytes(hashlib.sha256(seed_text.encode()).digest()[:4]) >> 1,
                schema=schema(task),
                purpose="teacher",
            )
            ids = [tuple(row["id"] for row in rows) for rows in (slice_rows, neighbour_rows)]
            requests_.append(
                SynthesisRequest(
                    name, neighbour.name if neighbour else "", ids[0], ids[1], settings.batch, chat
                )
            )
    return requests_


def schema(task: Task) -> dict[str, Any]:
    """Return the JSON Schema of a reply with new rows.

    A reply is an object whose list `examples` holds one object per row, with each field that the model writes
    as a string.
    """
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
    """Return a token limit that no good reply with new rows exceeds.

    It counts one token per character of the longest human row (at least 100) and 60 for the field names, for
    every requested row, and 100 for the rest of the reply. This is generous: English has about four
    characters per token, Japanese about one.

    Args:
        task: The task.
        slices: The slices, with their human rows.
        batch: The number of rows that one request asks for.
    """
    fields = written_fields(task)
    longest = max(
        (sum(len(row[name]) for name in fields) for slice_ in slices for row in slice_.human_rows), default=0
    )
    return 100 + batch * (60 + max(longest, 100))


def _drawn(slice_to_draw: Slice, number: int, rng: random.Random) -> list[dict[str, str]]:
    return rng.sample(slice_to_draw.human_rows, min(number, len(slice_to_draw.human_rows)))


def _values(
    task: Task,
    slice_: Slice,
    neighbour: Slice | None,
    slice_rows: list[dict[str, str]],
    neighbour_rows: list[dict[str, str]],
    number: int,
) -> dict[str, Any]:
    fields = written_fields(task)

    def values_of(slice_: Slice, rows: list[dict[str, str]]) -> dict[str, Any]:
        return {
            "name": slice_.name,
            "column": slice_.column,
            "description": slice_.description,
            "examples": [{name: row[name] for name in fields} for row in rows],
        }

    slice_values = values_of(slice_, slice_rows)
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
        "slice": slice_values,
        "neighbour": values_of(neighbour, neighbour_rows) if neighbour else None,
        "examples": slice_values["examples"],
        "labels": [
            {"name": label, "description": task.target.descriptions.get(label, "")} for label in task.labels
        ],
        "glossary": dict(task.glossary),
    }
