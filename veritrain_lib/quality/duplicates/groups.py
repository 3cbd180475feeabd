"""Groups of duplicate rows for people: the row that is kept, and all rows that duplicate it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from veritrain_lib.quality.reason_examples import HIDDEN_TEXT, PERSONAL_DATA
from veritrain_lib.quality.verdict import SEPARATOR

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from veritrain_lib.core.task import Task

# A reason of any check that names the row that this one duplicates.
COPY = re.compile(r"^(\w*duplicate\w*):(?:.*[=,])?of=(\S+)$")
MAXIMUM_GROUPS = 1000
"""Default of the largest number of groups of duplicates that are returned."""

COLUMNS = ["group", "size", "role", "kind", "id"]


def duplicate_reason(reasons: str) -> tuple[str, str] | None:
    """Return which gate check flagged a row as a duplicate, and the id of the original row.

    Args:
        reasons: Reasons of the row, joined by `; `.

    Returns:
        Name of the check and id; None if the row is not a duplicate.
    """
    for reason in reasons.split(SEPARATOR):
        if match := COPY.match(reason):
            return match[1], match[2]
    return None


def duplicate_groups(
    flagged: Iterable[pd.DataFrame],
    kept_tables: Iterable[pd.DataFrame],
    task: Task,
    most: int = MAXIMUM_GROUPS,
) -> pd.DataFrame:
    """Return the groups of duplicate rows, the largest group first, and in each group the row that is kept first.

    Args:
        flagged: Tables with a column `reasons` (quarantine, warnings).
        kept_tables: Tables in which the kept rows are looked up (accepted now and before).
        task: The task.
        most: Largest number of groups returned.

    Returns:
        A table with one line a row: `group` (from 1), `size` (number of rows in the group), `role` (`kept` or `copy`),
        `kind` (the check that found the duplicate, "" for the row kept), `id` and the input fields, whose texts are
        hidden in rows with personal data.
    """
    import pandas as pd

    inputs = list(task.inputs)
    tables = list(flagged)
    copies: list[tuple[int, int, str, str, str]] = []
    for number, table in enumerate(tables):
        reasons = table["reasons"].astype(object).astype(str).tolist()
        for position, (row_id, row_reasons) in enumerate(
            zip(table["id"].astype(str).tolist(), reasons, strict=True)
        ):
            if "of=" in row_reasons and (original := duplicate_reason(row_reasons)):
                copies.append((number, position, row_id, *original))
    # A row may be a duplicate of another duplicate: its group is that of the row at the end of the chain.
    chain = {row_id: of for _, _, row_id, _, of in copies if row_id != of}
    groups: dict[str, list[tuple[int, int, str, str, str]]] = {}
    for copy in copies:
        groups.setdefault(_end_of_chain(copy[4], chain), []).append(copy)
    chosen = sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))[:most]
    kept = _texts_of({root for root, _ in chosen}, kept_tables, inputs)
    lines: list[dict[str, Any]] = []
    for number, (root, members) in enumerate(chosen, start=1):
        shared_columns: dict[str, Any] = {"group": number, "size": len(members) + 1}
        lines.append(
            {
                **shared_columns,
                "role": "kept",
                "kind": "",
                "id": root,
                **kept.get(root, dict.fromkeys(inputs, "")),
            }
        )
        for table_number, position, row_id, kind, _ in members:
            row = tables[table_number].iloc[position]
            hidden = PERSONAL_DATA in str(row["reasons"])
            fields = {name: HIDDEN_TEXT if hidden else str(row[name]) for name in inputs}
            lines.append({**shared_columns, "role": "copy", "kind": kind, "id": row_id, **fields})
    return pd.DataFrame(lines, columns=[*COLUMNS, *inputs])


def _texts_of(ids: set[str], tables: Iterable[pd.DataFrame], inputs: list[str]) -> dict[str, dict[str, str]]:
    texts: dict[str, dict[str, str]] = {}
    for table in tables:
        if len(table):
            for row in table.loc[table["id"].astype(str).isin(ids), ["id", *inputs]].to_dict("records"):
                texts.setdefault(str(row["id"]), {name: str(row[name]) for name in inputs})
    return texts


def group_sizes(groups: pd.DataFrame) -> pd.DataFrame:
    """Count the duplicates of each kind in each group of duplicate rows.

    Args:
        groups: Table of `duplicate_groups`.

    Returns:
        Table with `group`, `text` (the first input of the row that is kept), `kind` (the check) and `copies` (their
        number).
    """
    kept = groups[groups["role"] == "kept"].set_index("group").iloc[:, len(COLUMNS) - 1]
    counts = groups[groups["role"] == "copy"].groupby(["group", "kind"]).size().rename("copies").reset_index()
    return counts.assign(text=counts["group"].map(kept))[["group", "text", "kind", "copies"]]


def _end_of_chain(start: str, chain: dict[str, str]) -> str:
    seen = {start}
    while (following := chain.get(start)) is not None and following not in seen:
        seen.add(following)
        start = following
    return start
