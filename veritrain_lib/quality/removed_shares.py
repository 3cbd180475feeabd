"""Share of rows that the gate removes of each label and each slice, and the limit on it.

Open this for the suite's setting `maximum_removed_share`: a rule can empty one class while the total share looks low.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from veritrain_lib.quality.checks.coverage import group_columns

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    import pandas as pd

    from veritrain_lib.core.task import Task

COLUMNS = [
    "column", "value", "rows", "removed", "share", "low", "high", "limit", "outcome", "most_by", "most_by_rows",
]  # fmt: skip
MAXIMUM_GROUPS = 500
"""Largest number of labels and slice values that are reported, those with the largest removed shares first.

A slice column may have as many values as there are rows.
"""


def removed_by_group(
    rows: pd.DataFrame, removed: np.ndarray, reasons: Mapping[int, Sequence[str]], task: Task, limit: float
) -> pd.DataFrame:
    """Return the share that the gate removes of each label and each slice value.

    Args:
        rows: All rows judged.
        removed: Mask of the removed rows, shape (rows,).
        reasons: Reasons of the removed rows by row number.
        task: The task.
        limit: Largest share that may be removed (0 to 1).

    Returns:
        A table with one line for each label or slice value, by `low`, the largest first: number of `rows` judged and
        `removed` of them, their `share` (0 to 1) with its 95 % interval (Agresti-Coull) `low` to `high`, and the most
        frequent kind of reason (`most_by`, for `most_by_rows` rows). `outcome` is `failed` if `low` is above both the
        `limit` and the share removed of all other rows, else `passed`. So a small group does not fail by chance, and
        data that are dirty throughout are left to `minimum_accepted_share`.
    """
    import numpy as np
    import pandas as pd

    from veritrain_lib.statistics.intervals import agresti_coull

    total, removed_total = len(rows), int(removed.sum())
    lines = []
    for column in [name for name in group_columns(task) if name in rows.columns]:
        values = rows[column].fillna("").astype(str).to_numpy(dtype=object)
        codes, names = pd.factorize(values)
        counts = np.bincount(codes, minlength=len(names))
        removed_counts = np.bincount(codes[removed], minlength=len(names))
        allowed = set(task.labels) if column == task.target.field and task.labels else None
        listed = [code for code, name in enumerate(names) if name and (allowed is None or name in allowed)]
        for code in sorted(listed, key=lambda code: (-removed_counts[code] / counts[code], str(names[code])))[
            :MAXIMUM_GROUPS
        ]:
            count, removed_rows = int(counts[code]), int(removed_counts[code])
            interval = agresti_coull(removed_rows, count)
            rest = (removed_total - removed_rows) / (total - count) if total > count else 0.0
            kinds = Counter(
                reason.partition("=")[0]
                for number in np.flatnonzero((codes == code) & removed).tolist()
                for reason in dict.fromkeys(reasons.get(number, ()))
            )
            reason_kind, reason_rows = (
                max(kinds.items(), key=lambda item: (item[1], item[0])) if kinds else ("", 0)
            )
            outcome = "failed" if interval.low > max(limit, rest) else "passed"
            lines.append([column, str(names[code]), count, removed_rows, removed_rows / count, interval.low, interval.high, limit, outcome,
                          reason_kind, reason_rows])  # fmt: skip
    table = pd.DataFrame(lines, columns=COLUMNS).sort_values(
        ["low", "column", "value"], ascending=[False, True, True], ignore_index=True
    )
    return table.head(MAXIMUM_GROUPS)


def too_much_removed(table: pd.DataFrame) -> list[str]:
    """Return the reasons to block a dataset because the gate removed too much of a label or slice.

    Args:
        table: Table of `removed_by_group`.

    Returns:
        One sentence for each group whose outcome is `failed`.
    """
    return [
        f"maximum_removed_share: {line['removed']} of {line['rows']} rows with {line['column']} {line['value']!r} removed, "
        f"share {line['share']:.3f} (95 % interval {line['low']:.3f} to {line['high']:.3f}), limit {line['limit']:.3f}; "
        f"{line['most_by_rows']} of them by {line['most_by']}"
        for line in table[table["outcome"] == "failed"].to_dict("records")
    ]
