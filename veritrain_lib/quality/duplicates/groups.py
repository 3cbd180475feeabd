"""Copies as people see them: the row that stays, and under it everything that says the same."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from veritrain_lib.quality.reason_examples import CONCEALED, SECRET
from veritrain_lib.quality.verdict import SEPARATOR

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from veritrain_lib.core.task import Task

# A reason of any check that names the row of which this one is a copy.
COPY = re.compile(r"^(\w*duplicate\w*):(?:.*[=,])?of=(\S+)$")
MOST = 1000
"""Groups that are given, unless another number is asked for: nobody looks at more."""

OWN = ["group", "size", "role", "kind", "id"]


def copies_of(reasons: str) -> tuple[str, str] | None:
    """What kind of copy a row is, and the id of the row that it copies; None for a row that is none."""
    for reason in reasons.split(SEPARATOR):
        if found := COPY.match(reason):
            return found[1], found[2]
    return None


def duplicate_groups(
    flagged: Iterable[pd.DataFrame], known: Iterable[pd.DataFrame], task: Task, most: int = MOST
) -> pd.DataFrame:
    """One line a row that is in a group of copies, the largest group first, and in it the row that stays first.

    `flagged` are tables with `reasons` (quarantine, warnings), `known` tables in which the rows that stay are looked up
    (accepted, trusted); the `most` largest groups are given. Columns: `group` (from 1), `size` (rows in it), `role`
    (`kept` or `copy`), `kind` (the check that found the copy, "" for the one kept), `id` and the input fields, hidden
    where they hold personal data.
    """
    import pandas as pd

    inputs = list(task.inputs)
    tables = list(flagged)
    copies: list[tuple[int, int, str, str, str]] = []
    for number, table in enumerate(tables):
        reasons = table["reasons"].astype(object).astype(str).tolist()
        for place, (own, said) in enumerate(zip(table["id"].astype(str).tolist(), reasons, strict=True)):
            if "of=" in said and (found := copies_of(said)):
                copies.append((number, place, own, *found))
    # A copy may be named as a copy of another copy: the group is that of the row at the end of the chain.
    chain = {own: of for _, _, own, _, of in copies if own != of}
    groups: dict[str, list[tuple[int, int, str, str, str]]] = {}
    for copy in copies:
        groups.setdefault(_end(copy[4], chain), []).append(copy)
    chosen = sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))[:most]
    kept = _texts_of({root for root, _ in chosen}, known, inputs)
    lines: list[dict[str, Any]] = []
    for number, (root, members) in enumerate(chosen, start=1):
        whole: dict[str, Any] = {"group": number, "size": len(members) + 1}
        lines.append(
            {**whole, "role": "kept", "kind": "", "id": root, **kept.get(root, dict.fromkeys(inputs, ""))}
        )
        for at, place, own, kind, _ in members:
            row = tables[at].iloc[place]
            hide = SECRET in str(row["reasons"])
            fields = {name: CONCEALED if hide else str(row[name]) for name in inputs}
            lines.append({**whole, "role": "copy", "kind": kind, "id": own, **fields})
    return pd.DataFrame(lines, columns=[*OWN, *inputs])


def _texts_of(ids: set[str], known: Iterable[pd.DataFrame], inputs: list[str]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for table in known:
        if len(table):
            for row in table.loc[table["id"].astype(str).isin(ids), ["id", *inputs]].to_dict("records"):
                found.setdefault(str(row["id"]), {name: str(row[name]) for name in inputs})
    return found


def group_sizes(groups: pd.DataFrame) -> pd.DataFrame:
    """How many copies of each kind each group has: `group`, `text` (the first input of the row that stays), `kind`,
    `copies`."""
    kept = groups[groups["role"] == "kept"].set_index("group").iloc[:, len(OWN) - 1]
    found = groups[groups["role"] == "copy"].groupby(["group", "kind"]).size().rename("copies").reset_index()
    return found.assign(text=found["group"].map(kept))[["group", "text", "kind", "copies"]]


def _end(start: str, chain: dict[str, str]) -> str:
    seen = {start}
    while (after := chain.get(start)) is not None and after not in seen:
        seen.add(after)
        start = after
    return start
