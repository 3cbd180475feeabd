"""Protection of rows that hold secret keys or personal data: they are not sent to a provider unless the task allows it.

Open this to see what is checked before rows go into a prompt, a judge's question or a fine-tuning file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from veritrain_lib.core.errors import Refused
from veritrain_lib.stages.inputs import sources

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.task import Task

KEY = "data.may_leave"
"""The key of the task file that lists the kinds of keys and personal data that may be sent to a provider."""

SHOWN = 10
"""The largest number of rows per file that an error message names."""


def refuse_private_rows(task: Task, rows: pd.DataFrame, recipient: str) -> None:
    """Raise an error if a row to be sent to a provider holds secret keys or personal data that the task forbids.

    The detection is that of the gate's rule `personal_data`.

    Args:
        task: The task; its `data.may_leave` lists the kinds that may be sent (`email`, `phone`, `key`, ...).
        rows: The rows that would be sent, with the task's columns.
        recipient: The receiver as the message names it, such as `the teacher openai:/gpt-4.1-mini`.

    Raises:
        Refused: naming the file, the row number (from 1, without the header) and the kinds for each such row, up to ten
            per file; the message never quotes a row's content.
    """
    from veritrain_lib.quality.checks.personal_data import kinds_in
    from veritrain_lib.quality.text.normal_form import joined
    from veritrain_lib.quality.text.text_fields import text_fields

    ids = (
        rows["id"].astype(str).tolist()
        if "id" in rows
        else [str(number) for number in range(1, len(rows) + 1)]
    )
    kinds_by_row = {}
    for row_id, text in zip(ids, joined(rows, text_fields(rows, task)), strict=True):
        kinds = [kind for kind in kinds_in(text) if kind not in task.data.may_leave]
        if kinds:
            kinds_by_row[row_id] = kinds
    if not kinds_by_row:
        return
    kinds = sorted({kind for row_kinds in kinds_by_row.values() for kind in row_kinds})
    raise Refused(
        f"{len(kinds_by_row)} row(s) hold keys or personal data and would be sent to {recipient}: {_describe_rows(task, ids, kinds_by_row)}. "
        "Nothing was sent and nothing paid. Remove the rows or make them anonymous; or, if they may be sent, allow "
        f"it in {task.path.name or 'the task file'}: {KEY}: [{', '.join(kinds)}]"
    )


def may_leave(task: Task, rows: pd.DataFrame) -> list[bool]:
    """Return, for each row, whether it may be sent to a provider; for callers that leave out the other rows."""
    from veritrain_lib.quality.checks.personal_data import kinds_in
    from veritrain_lib.quality.text.normal_form import joined
    from veritrain_lib.quality.text.text_fields import text_fields

    texts = joined(rows, text_fields(rows, task))
    return [not set(kinds_in(text)) - set(task.data.may_leave) for text in texts]


def _describe_rows(task: Task, ids: list[str], kinds_by_row: dict[str, list[str]]) -> str:
    """Describe rows by file name and row number (from 1), each with the kinds of personal data found in it.

    Args:
        task: The task, whose data files are searched for the rows.
        ids: The ids of all rows that would be sent. A row that is in no file is named by its position here, from 1.
        kinds_by_row: The kinds found in each row that may not be sent, by row id.
    """
    remaining = dict(kinds_by_row)
    parts = []
    files: tuple[Literal["seed", "development", "test", "pool"], ...] = (
        "seed",
        "development",
        "test",
        "pool",
    )
    for kind in files:
        file = task.file(kind)
        if file is None or not remaining:
            continue
        numbers = {
            number: remaining.pop(str(row_id))
            for number, row_id in enumerate(sources.ids_of(task, kind), start=1)
            if str(row_id) in remaining
        }
        if numbers:
            parts.append(f"{file.name} {_listing(numbers)}")
    if remaining:
        by_position = {
            number: remaining[row_id] for number, row_id in enumerate(ids, start=1) if row_id in remaining
        }
        parts.append(f"{_listing(by_position)} of the {len(ids)} rows to be sent")
    return "; ".join(parts)


def _listing(numbers: dict[int, list[str]]) -> str:
    shown = ", ".join(f"row {number} ({', '.join(kinds)})" for number, kinds in list(numbers.items())[:SHOWN])
    more = len(numbers) - SHOWN
    return shown + (f" and {more} more" if more > 0 else "")
