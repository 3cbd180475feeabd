"""Rows with keys or personal data stay here: no provider, prompt or tuning file gets one unless the task says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from veritrain_lib.core.errors import Refused
from veritrain_lib.stage_io import sources

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.task import Task

KEY = "data.may_leave"
"""What of the task file allows it, kind by kind."""

SHOWN = 10
"""Rows of a file that are named."""


def hold_back(task: Task, rows: pd.DataFrame, to: str) -> None:
    """Refuse to hand rows on in which the gate's own rule finds what the task has not allowed to leave.

    Args:
        task: says under `data.may_leave` which kinds may leave (`email`, `phone`, `key`, ...).
        rows: what would leave, with the task's columns.
        to: who would get it, for the message: `the teacher openai:/gpt-4.1-mini`.

    Raises:
        Refused: with file, row number (from 1, without the head) and kinds of each such row, never what stands in it.
    """
    from veritrain_lib.quality.checks.personal_data import kinds_in
    from veritrain_lib.quality.text.normal_form import joined
    from veritrain_lib.quality.text.text_fields import text_fields

    ids = rows["id"].astype(str).tolist() if "id" in rows else [str(at) for at in range(1, len(rows) + 1)]
    found = {}
    for row_id, text in zip(ids, joined(rows, text_fields(rows, task)), strict=True):
        kinds = [kind for kind in kinds_in(text) if kind not in task.data.may_leave]
        if kinds:
            found[row_id] = kinds
    if not found:
        return
    kinds = sorted({kind for several in found.values() for kind in several})
    raise Refused(
        f"{len(found)} row(s) hold keys or personal data and would be sent to {to}: {_named(task, ids, found)}. "
        "Nothing was sent and nothing paid. Take the rows out or make them anonymous; or, if they may leave, allow "
        f"it in {task.path.name or 'the task file'}: {KEY}: [{', '.join(kinds)}]"
    )


def may_leave(task: Task, rows: pd.DataFrame) -> list[bool]:
    """For each row whether it may be handed on, where others can simply be left out."""
    from veritrain_lib.quality.checks.personal_data import kinds_in
    from veritrain_lib.quality.text.normal_form import joined
    from veritrain_lib.quality.text.text_fields import text_fields

    texts = joined(rows, text_fields(rows, task))
    return [not set(kinds_in(text)) - set(task.data.may_leave) for text in texts]


def _named(task: Task, ids: list[str], found: dict[str, list[str]]) -> str:
    """The rows by file and number; those of no file by their place among `ids`."""
    left = dict(found)
    parts = []
    files: tuple[Literal["seed", "development", "test", "pool"], ...] = (
        "seed",
        "development",
        "test",
        "pool",
    )
    for kind in files:
        file = task.file(kind)
        if file is None or not left:
            continue
        numbers = {
            number: left.pop(str(row_id))
            for number, row_id in enumerate(sources.ids_of(task, kind), start=1)
            if str(row_id) in left
        }
        if numbers:
            parts.append(f"{file.name} {_listed(numbers)}")
    if left:
        places = {at: left[one] for at, one in enumerate(ids, start=1) if one in left}
        parts.append(f"{_listed(places)} of the {len(ids)} at hand")
    return "; ".join(parts)


def _listed(numbers: dict[int, list[str]]) -> str:
    shown = ", ".join(f"row {number} ({', '.join(kinds)})" for number, kinds in list(numbers.items())[:SHOWN])
    more = len(numbers) - SHOWN
    return shown + (f" and {more} more" if more > 0 else "")
