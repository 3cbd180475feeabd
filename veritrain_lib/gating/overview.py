"""A few numbers about a judged dataset: what came and what went."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.task import Task


def overview(rows: pd.DataFrame, accepted: pd.DataFrame, warned: int, task: Task) -> dict[str, Any]:
    """Counts of rows (`rows` judged, `accepted`, `quarantined`, `warned`), and of the accepted rows: mean words
    of each input field, share of each label (0 to 1, sums to 1) and count of each source."""
    words = {
        name: round(float(sum(len(text.split()) for text in accepted[name].fillna("")) / len(accepted)), 2)
        if len(accepted)
        else 0.0
        for name in task.inputs
    }
    # A label that is free text would make a list as long as the data.
    labels = (
        accepted[task.target.field].value_counts(normalize=True) if task.labels and len(accepted) else None
    )
    return {
        "rows": len(rows),
        "accepted": len(accepted),
        "quarantined": len(rows) - len(accepted),
        "warned": warned,
        "mean_words": words,
        "label_shares": {}
        if labels is None
        else {str(k): round(float(v), 4) for k, v in labels.sort_index().items()},
        "sources": {
            str(key): int(count) for key, count in accepted["source"].value_counts().sort_index().items()
        },
    }
