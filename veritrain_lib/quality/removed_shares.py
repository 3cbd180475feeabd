"""What a gate takes out of each label and each slice: a rule can empty one class while the whole looks well."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from veritrain_lib.quality.checks.coverage import cut_by

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    import pandas as pd

    from veritrain_lib.core.task import Task

COLUMNS = [
    "column", "value", "rows", "removed", "share", "low", "high", "limit", "outcome", "most_by", "most_by_rows",
]  # fmt: skip
MOST = 500
"""Groups that are told of, those that lost most first: a slice column may have as many values as there are rows."""


def removed_by_group(
    rows: pd.DataFrame, removed: np.ndarray, reasons: Mapping[int, Sequence[str]], task: Task, limit: float
) -> pd.DataFrame:
    """One line for each label of the task and each value of its slice columns, those that lost most first.

    `rows` judged and `removed` of them, their `share` (0 to 1) with its 95 % interval (Agresti-Coull) `low` to `high`, and the
    kind of reason that took most (`most_by`, of `most_by_rows` rows). `outcome` is `failed` where even the low end is
    above both the `limit` and the share removed of all other rows, else `passed`: what is dirty all over is for
    `minimum_accepted_share` to say, and a small group is not blamed for chance.
    """
    import numpy as np
    import pandas as pd

    from veritrain_lib.statistics.intervals import agresti_coull

    total, gone = len(rows), int(removed.sum())
    lines = []
    for column in [name for name in cut_by(task) if name in rows.columns]:
        values = rows[column].fillna("").astype(str).to_numpy(dtype=object)
        codes, names = pd.factorize(values)
        counts = np.bincount(codes, minlength=len(names))
        lost = np.bincount(codes[removed], minlength=len(names))
        allowed = set(task.labels) if column == task.target.field and task.labels else None
        asked = [at for at, name in enumerate(names) if name and (allowed is None or name in allowed)]
        for at in sorted(asked, key=lambda at: (-lost[at] / counts[at], str(names[at])))[:MOST]:
            count, out = int(counts[at]), int(lost[at])
            interval = agresti_coull(out, count)
            rest = (gone - out) / (total - count) if total > count else 0.0
            kinds = Counter(
                reason.partition("=")[0]
                for number in np.flatnonzero((codes == at) & removed).tolist()
                for reason in dict.fromkeys(reasons.get(number, ()))
            )
            most, by = max(kinds.items(), key=lambda one: (one[1], one[0])) if kinds else ("", 0)
            outcome = "failed" if interval.low > max(limit, rest) else "passed"
            lines.append([column, str(names[at]), count, out, out / count, interval.low, interval.high, limit, outcome,
                          most, by])  # fmt: skip
    table = pd.DataFrame(lines, columns=COLUMNS).sort_values(
        ["low", "column", "value"], ascending=[False, True, True], ignore_index=True
    )
    return table.head(MOST)


def too_much_removed(table: pd.DataFrame) -> list[str]:
    """Why a dataset is blocked by what was removed of single labels and slices, one sentence each."""
    return [
        f"maximum_removed_share: {line['removed']} of {line['rows']} rows with {line['column']} {line['value']!r} removed, "
        f"share {line['share']:.3f} (95 % interval {line['low']:.3f} to {line['high']:.3f}), limit {line['limit']:.3f}; "
        f"{line['most_by_rows']} of them by {line['most_by']}"
        for line in table[table["outcome"] == "failed"].to_dict("records")
    ]
