"""The training file of a provider's fine-tuning job: it is built from rows, in the form of later requests, and checked.

Open it for the rules of a valid row or file.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from veritrain_lib.core.errors import UserError
from veritrain_lib.llm.records import Message

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from veritrain_lib.core.task import Task

MINIMUM = 10
"""Minimum number of examples that the providers accept."""
LARGEST_BYTES = 512 * 2**20
"""Largest size of a file, in bytes, that the providers accept."""
ROLES = ("system", "user", "assistant")
SHOWN = 10
"""Maximum number of problems or row numbers that a message lists."""


@dataclass(frozen=True)
class TrainingFile:
    """Valid training file for a provider's fine-tuning job.

    Attributes:
        content: content of the file.
        examples: the messages of each row, the answer included.
        remarks: warnings that do not stop the training (duplicates, contradictions).
    """

    content: bytes = field(repr=False)
    examples: tuple[tuple[Message, ...], ...] = field(repr=False)
    remarks: tuple[str, ...] = ()


def build(task: Task, rows: pd.DataFrame) -> TrainingFile:
    """Build the training file for a fine-tuning job from a task's rows.

    Each line holds the messages that the model will get later (prompt `answer`), followed by the answer in
    the form of the output contract.

    Args:
        task: the task.
        rows: training rows with an answer each.

    Raises:
        UserError: rows are invalid (no input, no answer, an answer that violates the output contract, a lone
            surrogate), there are fewer than 10 rows, or the file is too large. The message gives the numbers
            of the rows (from 1) with their problems.
    """
    from veritrain_lib.models.chat_prompt import AnswerPrompt

    prompt = AnswerPrompt(task)
    lines: list[str] = []
    examples: list[tuple[Message, ...]] = []
    problems: list[str] = []
    validator = _contract_validator(task)
    for number, row in enumerate(rows.fillna("").to_dict("records"), start=1):
        fields = {str(name): str(value) for name, value in row.items()}
        try:
            messages = (*prompt.messages(fields), Message("assistant", answer_text(task, fields)))
        except UserError as error:
            problems.append(f"row {number}: {error}")
            continue
        if problem := _row_problem(task, fields, messages, validator):
            problems.append(f"row {number}: {problem}")
            continue
        examples.append(messages)
        lines.append(_line(messages))
    if len(rows) < MINIMUM:
        problems.append(f"{len(rows)} rows; the providers train on {MINIMUM} or more")
    content = "".join(f"{line}\n" for line in lines).encode("utf-8") if not problems else b""
    problems += check_lines(content) if not problems else []
    if problems:
        more = f"; and {len(problems) - SHOWN} more" if len(problems) > SHOWN else ""
        raise UserError(f"the rows can't be a training file: {'; '.join(problems[:SHOWN])}{more}")
    return TrainingFile(content, tuple(examples), tuple(remarks(task, rows)))


def answer_text(task: Task, row: Mapping[str, str]) -> str:
    """Return a row's answer as JSON text in the form of the output contract, for the training file.

    The target field (or `label`) holds the answer, `candidates` holds the answer as the only candidate, and
    `explanation` holds the description of the label. Any other key is taken from the row's column of the same
    name.

    Args:
        task: the task.
        row: the row's values by column.

    Raises:
        UserError: the contract requires a key for which the row has no column.
    """
    value, contract = row[task.target.field], task.contract
    properties: Mapping[str, Any] = contract.get("properties", {})
    keys = [*dict.fromkeys([*properties, *contract.get("required", [])])]
    if not keys or contract.get("type", "object") != "object":
        return json.dumps(
            value if contract.get("type") == "string" else {task.target.field: value}, ensure_ascii=False
        )
    key = task.target.field if task.target.field in keys else "label"
    values: dict[str, Any] = {
        key: value,
        "candidates": [_candidate(properties.get("candidates", {}), key, value)],
        "explanation": task.target.descriptions.get(value) or _default_explanation(task, value),
        # Notes are for unusual rows; training rows have none.
        "notes": "",
    }
    answer = {name: values[name] if name in values else row.get(name) for name in keys}
    missing = [name for name in contract.get("required", []) if answer.get(name) is None]
    if missing:
        raise UserError(
            f"the output contract requires {', '.join(missing)}, which rows do not have; add such columns under "
            "slices.by, or do not require them"
        )
    return json.dumps(
        {name: entry for name, entry in answer.items() if entry is not None}, ensure_ascii=False
    )


def _default_explanation(task: Task, value: str) -> str:
    return f"The input says {value}." if task.labels else f"{task.target.field} of the whole input."


def check_lines(content: bytes) -> list[str]:
    """Return the problems for which a provider would reject a training file of chats, with line numbers from 1.

    Each line must be a JSON object whose `messages` have a known `role` and a non-empty text `content`, with
    at least one user message and an assistant message at the end. The list is empty for a valid file.
    """
    problems = []
    if len(content) > LARGEST_BYTES:
        problems.append(f"{len(content):,} bytes; the limit is {LARGEST_BYTES:,}")
    for number, line in enumerate(content.decode("utf-8").split("\n"), start=1):
        if line and (problem := _line_problem(line)):
            problems.append(f"line {number}: {problem}")
    return problems


def remarks(task: Task, rows: pd.DataFrame) -> list[str]:
    """Return warnings about rows for a training file: duplicate rows, and equal inputs with different answers."""
    first: dict[tuple[str, ...], tuple[int, str]] = {}
    duplicates: list[str] = []
    contradictions: list[str] = []
    columns = [*task.inputs, task.target.field]
    for number, values in enumerate(rows[columns].fillna("").astype(str).itertuples(index=False), start=1):
        inputs, answer = tuple(values[:-1]), str(values[-1])
        if inputs not in first:
            first[inputs] = (number, answer)
            continue
        earlier, earlier_answer = first[inputs]
        (duplicates if earlier_answer == answer else contradictions).append(f"{number} (as {earlier})")
    warnings = []
    if duplicates:
        warnings.append(
            f"{len(duplicates)} row(s) are duplicates and are paid for twice: {_first_numbers(duplicates)}"
        )
    if contradictions:
        warnings.append(
            f"{len(contradictions)} row(s) have an earlier row's input and another answer: {_first_numbers(contradictions)}"
        )
    return warnings


def _candidate(schema: Mapping[str, Any], key: str, value: str) -> object:
    items = schema.get("items", {})
    if items.get("type") == "string" or "enum" in items:
        return value
    fields = items.get("properties", {})
    name = key if key in fields or "label" not in fields else "label"
    return {name: value, "score": 1.0} if "score" in fields or not fields else {name: value}


def _contract_validator(task: Task) -> Any:
    import jsonschema_rs

    try:
        return jsonschema_rs.validator_for(task.contract, offline=True)
    except ValueError as error:
        raise UserError(f"task {task.name}: the contract is not a valid JSON Schema: {error}") from error


def _row_problem(task: Task, row: Mapping[str, str], messages: Sequence[Message], validator: Any) -> str:
    if not any(row[name].strip() for name in task.inputs):
        return "no input"
    if not row[task.target.field].strip():
        return f"no answer in {task.target.field}"
    if any("\ud800" <= character <= "\udfff" for message in messages for character in message.content):
        return "a lone surrogate (half a character)"
    error = next(iter(validator.iter_errors(json.loads(messages[-1].content))), None)
    return f"the answer violates the output contract: {error.message}" if error else ""


def _line_problem(line: str) -> str:
    try:
        messages = json.loads(line)["messages"]
        roles = [message["role"] for message in messages]
        texts = [message["content"] for message in messages]
    except (ValueError, KeyError, TypeError) as error:
        return f"not a chat ({type(error).__name__}: {error})"
    if unknown_roles := sorted({str(role) for role in roles if role not in ROLES}):
        return f"unknown role(s) {', '.join(unknown_roles)}; allowed: {', '.join(ROLES)}"
    if not all(isinstance(text, str) and text.strip() for text in texts):
        return "a message without text"
    if "user" not in roles or roles[-1] != "assistant":
        return "needs a user message, and an assistant message at the end"
    return ""


def _line(messages: Sequence[Message]) -> str:
    return json.dumps(
        {"messages": [{"role": message.role, "content": message.content} for message in messages]},
        ensure_ascii=False,
    )


def _first_numbers(numbers: list[str]) -> str:
    more = f" and {len(numbers) - SHOWN} more" if len(numbers) > SHOWN else ""
    return ", ".join(numbers[:SHOWN]) + more
