"""The report's table of recall by label, the rarest label first.

A mean over all rows would hide that rare labels are recognized badly.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.task import Task
    from veritrain_lib.stages.train.result import TrainResult

COLUMNS = ("label", "training_rows", "n", "right", "recall", "low", "high")


def recall_by_label(task: Task, train: TrainResult | None) -> pd.DataFrame:
    """Compute the recall of each label on development rows; the label with the fewest training rows comes first.

    Args:
        task: The task.
        train: The result of the training whose model is reported on; None if there is none.

    Returns:
        A table with the columns `COLUMNS`: `n` is the number of development rows with the label, `right` how many of
        them the model answers rightly, `recall` their share, with a 95 % Wilson interval. `training_rows` is missing if
        the training counted rows by another column than the label; the order is then by `n`. The table is empty for a
        task without labels, and without a training.
    """
    import pandas as pd

    from veritrain_lib.statistics.intervals import wilson

    if train is None or not task.labels or "answer" not in train.tables["predictions"]:
        return pd.DataFrame(columns=list(COLUMNS))
    predictions = train.tables["predictions"]
    by_label = predictions.groupby("expected")["correct"].agg(n="size", right="sum")
    trained: dict[str, float] = {}
    if train.by == task.target.field:
        trained = dict(zip(train.tables["labels"]["label"], train.tables["labels"]["after"], strict=True))
    lines = []
    for label, n, right in by_label.itertuples():
        interval = wilson(int(right), int(n))
        rows = float(trained.get(str(label), 0)) if trained else None
        lines.append((label, rows, int(n), int(right), right / n, interval.low, interval.high))
    table = pd.DataFrame(lines, columns=list(COLUMNS)).astype({"training_rows": float})
    return table.sort_values(["training_rows", "n", "label"], ignore_index=True)


def sentence(table: pd.DataFrame) -> str:
    """Return a sentence with the recall of the rarest label; empty without labels.

    Args:
        table: The table that `recall_by_label` returns.
    """
    if not len(table):
        return ""
    line = table.iloc[0]
    rows = (
        ""
        if line["training_rows"] != line["training_rows"]
        else f" ({int(line['training_rows'])} training rows)"
    )
    return (
        f"Rarest label {line['label']}{rows}: recall {line['recall']:.3f} "
        f"({line['low']:.3f} to {line['high']:.3f}, n={int(line['n'])})."
    )
