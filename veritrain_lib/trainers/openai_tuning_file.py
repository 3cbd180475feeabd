"""The training file: rows as chats in the form in which the model is asked later, and what is wrong with them."""

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
"""Fewer examples are refused by the providers."""
LARGEST_BYTES = 512 * 2**20
"""Largest file that the providers take."""
ROLES = ("system", "user", "assistant")
SHOWN = 10


@dataclass(frozen=True)
class TrainingFile:
    """The file's bytes, its examples, and remarks that do not stop it (copies, contradictions)."""

    content: bytes = field(repr=False)
    examples: tuple[tuple[Message, ...], ...] = field(repr=False)
    remarks: tuple[str, ...] = ()


def build(task: Task, rows: pd.DataFrame) -> TrainingFile:
    """One line a row: the turns that the model is asked with later (prompt `answer`), and the answer as the contract wants
    it.

    Raises UserError that names the rows (from 1) with what is wrong with each: no input, no answer, an answer that
    does not keep the output contract, half a character; and for fewer than 10 rows or a file that is too large.
    """
    from veritrain_lib.models.chat_prompt import AnswerPrompt

    prompt = AnswerPrompt(task)
    lines: list[str] = []
    examples: list[tuple[Message, ...]] = []
    problems: list[str] = []
    keeps = _contract(task)
    for number, row in enumerate(rows.fillna("").to_dict("records"), start=1):
        given = {str(name): str(value) for name, value in row.items()}
        try:
            messages = (*prompt.messages(given), Message("assistant", answer_text(task, given)))
        except UserError as error:
            problems.append(f"row {number}: {error}")
            continue
        if problem := _wrong(task, given, messages, keeps):
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
    """A row's answer in the form of the output contract, as JSON text.

    The target field (or `label`) holds the answer, `candidates` the answer alone, `explanation` what the label
    means; another required key is taken from the row's column of that name.

    Raises UserError when the contract requires a key that no row can fill.
    """
    value, contract = row[task.target.field], task.contract
    properties: Mapping[str, Any] = contract.get("properties", {})
    wanted = [*dict.fromkeys([*properties, *contract.get("required", [])])]
    if not wanted or contract.get("type", "object") != "object":
        return json.dumps(
            value if contract.get("type") == "string" else {task.target.field: value}, ensure_ascii=False
        )
    key = task.target.field if task.target.field in wanted else "label"
    known: dict[str, Any] = {
        key: value,
        "candidates": [_candidate(properties.get("candidates", {}), key, value)],
        "explanation": task.target.descriptions.get(value) or _explained(task, value),
        # A remark is for what is odd about a row; training rows have none.
        "notes": "",
    }
    answer = {name: known[name] if name in known else row.get(name) for name in wanted}
    missing = [name for name in contract.get("required", []) if answer.get(name) is None]
    if missing:
        raise UserError(
            f"the output contract requires {', '.join(missing)}, which rows do not have; add such columns under "
            "slices.by, or do not require them"
        )
    return json.dumps({name: one for name, one in answer.items() if one is not None}, ensure_ascii=False)


def _explained(task: Task, value: str) -> str:
    return f"The input says {value}." if task.labels else f"{task.target.field} of the whole input."


def check_lines(content: bytes) -> list[str]:
    """What a provider would refuse in a file of chats, line by line (from 1); empty when it is good.

    Each line is a JSON object whose `messages` have a known `role` and a text `content`, with at least one user
    turn and an assistant's at the end.
    """
    problems = []
    if len(content) > LARGEST_BYTES:
        problems.append(f"{len(content):,} bytes; at most {LARGEST_BYTES:,} are taken")
    for number, line in enumerate(content.decode("utf-8").split("\n"), start=1):
        if line and (problem := _wrong_line(line)):
            problems.append(f"line {number}: {problem}")
    return problems


def remarks(task: Task, rows: pd.DataFrame) -> list[str]:
    """Rows (from 1) that are copies of an earlier one, and rows with an earlier one's input and another answer."""
    first: dict[tuple[str, ...], tuple[int, str]] = {}
    copies: list[str] = []
    contrary: list[str] = []
    columns = [*task.inputs, task.target.field]
    for number, values in enumerate(rows[columns].fillna("").astype(str).itertuples(index=False), start=1):
        inputs, answer = tuple(values[:-1]), str(values[-1])
        if inputs not in first:
            first[inputs] = (number, answer)
            continue
        earlier, before = first[inputs]
        (copies if before == answer else contrary).append(f"{number} (as {earlier})")
    found = []
    if copies:
        found.append(f"{len(copies)} row(s) are copies and are paid for twice: {_some(copies)}")
    if contrary:
        found.append(
            f"{len(contrary)} row(s) have an earlier row's input and another answer: {_some(contrary)}"
        )
    return found


def _candidate(schema: Mapping[str, Any], key: str, value: str) -> object:
    items = schema.get("items", {})
    if items.get("type") == "string" or "enum" in items:
        return value
    fields = items.get("properties", {})
    name = key if key in fields or "label" not in fields else "label"
    return {name: value, "score": 1.0} if "score" in fields or not fields else {name: value}


def _contract(task: Task) -> Any:
    import jsonschema_rs

    try:
        return jsonschema_rs.validator_for(task.contract, offline=True)
    except ValueError as error:
        raise UserError(f"task {task.name}: the contract is no usable JSON Schema: {error}") from error


def _wrong(task: Task, row: Mapping[str, str], messages: Sequence[Message], keeps: Any) -> str:
    if not any(row[name].strip() for name in task.inputs):
        return "no input"
    if not row[task.target.field].strip():
        return f"no answer in {task.target.field}"
    if any("\ud800" <= letter <= "\udfff" for message in messages for letter in message.content):
        return "half a character (a lone surrogate)"
    error = next(iter(keeps.iter_errors(json.loads(messages[-1].content))), None)
    return f"the answer does not keep the output contract: {error.message}" if error else ""


def _wrong_line(line: str) -> str:
    try:
        messages = json.loads(line)["messages"]
        roles = [message["role"] for message in messages]
        texts = [message["content"] for message in messages]
    except (ValueError, KeyError, TypeError) as error:
        return f"no chat ({type(error).__name__}: {error})"
    if strange := sorted({str(role) for role in roles if role not in ROLES}):
        return f"unknown role(s) {', '.join(strange)}; allowed: {', '.join(ROLES)}"
    if not all(isinstance(text, str) and text.strip() for text in texts):
        return "a turn without text"
    if "user" not in roles or roles[-1] != "assistant":
        return "needs a user's turn, and an assistant's at the end"
    return ""


def _line(messages: Sequence[Message]) -> str:
    return json.dumps(
        {"messages": [{"role": one.role, "content": one.content} for one in messages]}, ensure_ascii=False
    )


def _some(numbers: list[str]) -> str:
    more = f" and {len(numbers) - SHOWN} more" if len(numbers) > SHOWN else ""
    return ", ".join(numbers[:SHOWN]) + more
