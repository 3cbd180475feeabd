"""The report's table of annotator agreement by label: Cohen's kappa on rows that two people answered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from veritrain_lib.core.rows import NONE_OF_THESE

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.task import Task
    from veritrain_lib.stages.gate.result import GateResult

COLUMNS = ("label", "n", "agreed", "kappa", "low", "high")

ALL_LABELS = "all labels"
"""Name of the table's first row, which is about all labels together."""


def agreement_by_label(task: Task, gates: Sequence[GateResult | None]) -> pd.DataFrame:
    """Compute Cohen's kappa between the first and second person's answers, for all labels together and for each label.

    Args:
        task: The task.
        gates: The gate's results, the earliest round first. A row that occurs in several results counts once, as in the
            last one.

    Returns:
        A table with the columns `COLUMNS`, whose first row is about all labels. In the row of a label, `n` is the
        number of rows to which at least one person gave the label, and kappa compares label against any other label.
        Kappa is NaN where it is undefined; `low` and `high` are its 95 % interval. The table is empty if no row has two
        answers.
    """
    import pandas as pd

    from veritrain_lib.statistics.agreement import cohen_kappa

    tables = [gate.tables["second_answers"] for gate in gates if gate and "second_answers" in gate.tables]
    rows = pd.concat(tables).drop_duplicates("id", keep="last") if tables else pd.DataFrame()
    rows = rows[rows["second"] != ""] if len(rows) else rows
    if not len(rows) or not task.labels:
        return pd.DataFrame(columns=list(COLUMNS))
    first, second = rows["first"].tolist(), rows["second"].tolist()
    kappa = cohen_kappa(first, second, [*task.labels, NONE_OF_THESE])
    lines = [(ALL_LABELS, len(rows), int((rows["first"] == rows["second"]).sum()), kappa)]
    for label in task.labels:
        by_first, by_second = rows["first"] == label, rows["second"] == label
        if (by_first | by_second).any():
            one = cohen_kappa(by_first.tolist(), by_second.tolist(), [True, False])
            lines.append((label, int((by_first | by_second).sum()), int((by_first & by_second).sum()), one))
    return pd.DataFrame(
        [
            (
                label,
                n,
                agreed,
                float("nan") if one.value is None else one.value,
                one.interval.low,
                one.interval.high,
            )
            for label, n, agreed, one in lines
        ],
        columns=list(COLUMNS),
    )


def sentence(table: pd.DataFrame) -> str:
    """Return a sentence on how well two people agree on rows whose label a model contradicts.

    It is empty if no row has two answers.

    Args:
        table: The table that `agreement_by_label` returns.
    """
    if not len(table):
        return ""
    line = table.iloc[0]
    kappa = (
        "undefined"
        if line["kappa"] != line["kappa"]
        else (f"{line['kappa']:.2f} ({line['low']:.2f} to {line['high']:.2f})")
    )
    return (
        f"Two people gave the same answer to {int(line['agreed'])} of {int(line['n'])} row(s) whose label was contradicted: "
        f"Cohen's kappa {kappa}. These are the doubtful rows; on others people agree more often."
    )
