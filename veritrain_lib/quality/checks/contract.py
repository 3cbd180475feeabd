"""The task's own promise about a row: its fields are there and its answer is an allowed one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from veritrain_lib.core.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from veritrain_lib.core.task import Task
    from veritrain_lib.quality.context import Context


def check(rows: pd.DataFrame, context: Context) -> pd.Series[str]:
    """`contract:empty_field=<name>` for an input field without text, `contract:no_target` for a row without an
    answer, `contract:unknown_label=<label>` for an answer that the task does not list, `contract:structure` for one
    that is a JSON object or array where text is asked for, `contract:schema=<keyword>` for one that breaks what the
    task's contract (JSON Schema, compiled by jsonschema-rs) says of the property named like the target.

    Every input field of the task is required; characters that are not seen (U+200B and the like) are no text. The
    first of these that holds is the reason.

    Raises UserError for a contract that is no JSON Schema.
    """
    import pandas as pd

    task = context.task
    reasons = pd.Series("", index=rows.index, dtype=object)
    answers = rows[task.target.field].fillna("").astype(str)
    if task.labels:
        wrong = ~answers.isin(task.labels)
        reasons[wrong] = "contract:unknown_label=" + answers[wrong].str.slice(0, 80)
    else:
        broken = _breaks(task)
        # Each different answer is looked at once.
        known = {answer: broken(answer) for answer in answers.unique()}
        reasons = answers.map(known).astype(object)
    reasons[_blank(answers)] = "contract:no_target"
    for name in reversed(task.inputs):
        reasons[_blank(rows[name].fillna("").astype(str))] = f"contract:empty_field={name}"
    return reasons


def _blank(texts: pd.Series[str]) -> pd.Series[bool]:
    return texts.str.strip(" \t\r\n\f\v\u3000\u00a0\u200b\u200c\u200d\u2060\ufeff") == ""


def _breaks(task: Task) -> Callable[[str], str]:
    """Says of an answer that is text why it breaks the contract, "" if it does not."""
    import jsonschema_rs

    said = task.contract.get("properties", {}).get(task.target.field, {})
    schema = (
        {**said, "$defs": task.contract["$defs"]}
        if "$defs" in task.contract and isinstance(said, dict)
        else said
    )
    try:
        validator: Any = jsonschema_rs.validator_for(schema, offline=True, validate_formats=False)
    except (jsonschema_rs.ValidationError, ValueError) as error:
        raise UserError(
            f"contract: what it says of {task.target.field!r} is no JSON Schema: {error}"
        ) from error

    def reason(answer: str) -> str:
        if answer.strip()[:1] in ("{", "[") and _is_structure(answer):
            return "contract:structure"
        if validator.is_valid(answer):
            return ""
        first = next(iter(validator.iter_errors(answer)))
        return f"contract:schema={list(first.schema_path)[-1]}"

    return reason


def _is_structure(answer: str) -> bool:
    try:
        return isinstance(json.loads(answer), dict | list)
    except json.JSONDecodeError:
        return False
