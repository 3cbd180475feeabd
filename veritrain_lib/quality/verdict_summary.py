"""Summary of a dataset that the gate judged: counts, lengths, label shares, sources and languages."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from veritrain_lib.quality.scripts import is_mixed
from veritrain_lib.quality.text.normal_form import unspaced
from veritrain_lib.quality.verdict import SEPARATOR

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from veritrain_lib.core.task import Task

SAMPLE = 20_000
"""Largest number of accepted rows on which words, lengths and scripts are measured.

With so many rows the error of a share is at most 0.7 percentage points (95 %).
"""


def overview(
    rows: pd.DataFrame, accepted: pd.DataFrame, warned: int, task: Task, reasons: Iterable[str] = ()
) -> dict[str, Any]:
    """Return the summary numbers of a dataset that the gate judged, as a dictionary that can be written as JSON.

    Args:
        rows: All rows judged.
        accepted: Rows that were not removed.
        warned: Number of accepted rows with a warning.
        task: The task.
        reasons: Reasons of the removed and warned rows, one text a row.

    Returns:
        `rows`, `accepted`, `quarantined`, `warned`: counts. Of the accepted rows: `mean_words` of each input field;
        `lengths` of each text field (`unit` words, or characters for scripts without spaces; `median`, `p95`,
        `longest`); `label_shares` (0 to 1, sum 1; empty for free text); `sources` (counts); `code_switch_share`, the
        share of rows with words in two scripts, over the input fields (a switch within one script is not detected).
        `languages` holds the declared language of each field (`declared`), and by language the number of judged rows
        that were detected to be in another language than declared (`found`, from `reasons`).
    """
    # For free text the list would be as long as the data.
    labels = (
        accepted[task.target.field].value_counts(normalize=True) if task.labels and len(accepted) else None
    )
    sampled = accepted if len(accepted) <= SAMPLE else accepted.sample(SAMPLE, random_state=0)
    mean_words = {
        name: round(float(sum(len(text.split()) for text in sampled[name].fillna("")) / len(sampled)), 2)
        if len(sampled)
        else 0.0
        for name in task.inputs
    }
    texts = [*task.inputs, *([] if task.labels else [task.target.field])]
    return {
        "rows": len(rows),
        "accepted": len(accepted),
        "quarantined": len(rows) - len(accepted),
        "warned": warned,
        "mean_words": mean_words,
        "lengths": {name: lengths(sampled[name].fillna("").astype(str).tolist()) for name in texts},
        "label_shares": {}
        if labels is None
        else {str(k): round(float(v), 4) for k, v in labels.sort_index().items()},
        "sources": {
            str(key): int(count) for key, count in accepted["source"].value_counts().sort_index().items()
        },
        "languages": {"declared": _declared_languages(task), "found": _other_languages(reasons)},
        "code_switch_share": _code_switch_share(sampled, task),
    }


def lengths(texts: list[str]) -> dict[str, Any]:
    """Return statistics of the lengths of a field's texts.

    Args:
        texts: The texts.

    Returns:
        `unit` (`words` or `characters`), `median`, `p95` (95th percentile) and `longest`; zeros if there is no text.
    """
    dense = sum(map(unspaced, texts[:1000])) * 2 > len(texts[:1000])
    counts = sorted(len(text.replace(" ", "")) if dense else len(text.split()) for text in texts) or [0]
    positions = {"median": len(counts) // 2, "p95": int(len(counts) * 0.95), "longest": len(counts) - 1}
    return {
        "unit": "characters" if dense else "words",
        **{name: counts[position] for name, position in positions.items()},
    }


def _declared_languages(task: Task) -> dict[str, str]:
    codes = {name: field.language for name, field in task.inputs.items()} | {
        task.target.field: task.target.language
    }
    return {name: code for name, code in codes.items() if code is not None}


def _other_languages(reasons: Iterable[str]) -> dict[str, int]:
    counts = Counter(
        reason.partition(":")[2]
        for text in reasons
        for reason in text.split(SEPARATOR)
        if reason.startswith("language:")
    )
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _code_switch_share(rows: pd.DataFrame, task: Task) -> float:
    columns = [rows[name].fillna("").astype(str) for name in task.inputs]
    mixed = sum(any(map(is_mixed, values)) for values in zip(*columns, strict=True))
    return round(mixed / len(rows), 4) if len(rows) else 0.0
