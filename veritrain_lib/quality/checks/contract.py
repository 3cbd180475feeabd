"""Gate check for rows that break the task's contract: missing fields, or an answer that is not allowed."""

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
    """Flag rows with missing fields or an answer that the task does not allow.

    Reasons: `contract:empty_field=<name>` for an input field without text, `contract:no_target` for a row without an
    answer, `contract:unknown_label=<label>` for an answer that is not among the task's labels, `contract:structure` for
    a JSON object or array where text is required, `contract:schema=<keyword>` for an answer that violates the schema of
    the target's property in the task's contract (JSON Schema, compiled by jsonschema-rs). The first of these that
    applies is the reason.

    Every input field of the task is required; invisible characters (U+200B and the like) do not count as text.

    Args:
        rows: Rows to check.
        context: Task and reference data.

    Returns:
        One reason a row, aligned to `rows.index`; "" for a row that passes.

    Raises:
        UserError: The contract is not a valid JSON Schema.
    """
    import pandas as pd

    task = context.task
    reasons = pd.Series("", index=rows.index, dtype=object)
    answers = rows[task.target.field].fillna("").astype(str)
    if task.labels:
        not_allowed = ~answers.isin(task.labels)
        reasons[not_allowed] = "contract:unknown_label=" + answers[not_allowed].str.slice(0, 80)
    else:
        violation = _violation_of(task)
        # Each different answer is validated once.
        reason_of = {answer: violation(answer) for answer in answers.unique()}
        reasons = answers.map(reason_of).astype(object)
    reasons[_blank(answers)] = "contract:no_target"
    for name in reversed(task.inputs):
        reasons[_blank(rows[name].fillna("").astype(str))] = f"contract:empty_field={name}"
    return reasons


def _blank(texts: pd.Series[str]) -> pd.Series[bool]:
    return texts.str.strip(" \t\r\n\f\v\u3000\u00a0\u200b\u200c\u200d\u2060\ufeff") == ""


def _violation_of(task: Task) -> Callable[[str], str]:
    """Return a function that gives the reason why an answer violates the task's contract; "" if it does not."""
    import jsonschema_rs

    declared = task.contract.get("properties", {}).get(task.target.field, {})
    schema = (
        {**declared, "$defs": task.contract["$defs"]}
        if "$defs" in task.contract and isinstance(declared, dict)
        else declared
    )
    try:
        validator: Any = jsonschema_rs.validator_for(schema, offline=True, validate_formats=False)
    except (jsonschema_rs.ValidationError, ValueError) as error:
        raise UserError(
            f"contract: the schema of {task.target.field!r} is no JSON Schema: {error}"
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
