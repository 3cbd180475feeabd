"""Sample of the gate's accepted and quarantined rows for people to review.

The sample is systematic: rows are ordered by stratum, and every k-th from a random start is taken (W. G. Cochran 1977,
Sampling Techniques, chapter 8). So every row is equally likely, each stratum has its share of the sample, and the pass
rate is the plain share of accepted rows with the interval of Agresti and Coull.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from veritrain_lib.quality.reason_examples import PERSONAL_DATA

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.task import Task

ROWS = 50
"""Default number of accepted rows in a sample; 50 that all pass show a pass rate of at least 93 %."""

ONE_IN = 5
"""Number of accepted rows for each quarantined row in a sample."""

SAMPLE_COLUMNS = ["row", "part", "stratum", "id"]
REVIEWER_COLUMNS = ["decision", "comment"]
SamplePart = Literal["accepted", "quarantine"]


def sample(
    accepted: pd.DataFrame, quarantine: pd.DataFrame, task: Task, *, rows: int = ROWS, seed: int = 0
) -> pd.DataFrame:
    """Draw the sample of a gate's rows that people review.

    Accepted rows are stratified by label, or without labels by source and by whether the text is shorter than the
    median. Quarantined rows are stratified by the kind of their first reason. Quarantined rows with personal data are
    never shown.

    Args:
        accepted: Accepted rows.
        quarantine: Quarantined rows with a column `reasons`.
        task: The task.
        rows: Number of accepted rows in the sample; a fifth as many quarantined rows are added. All rows if there are
            fewer.
        seed: Seed of the draw; the same rows and seed give the same sample.

    Returns:
        Table with the columns of `columns`; `decision` and `comment` are empty.
    """
    import pandas as pd

    reasons_text = quarantine["reasons"].astype(object).astype(str)
    clean = quarantine.assign(reasons=reasons_text)[~reasons_text.str.contains(PERSONAL_DATA, regex=False)]
    parts: dict[SamplePart, tuple[pd.DataFrame, pd.Series[str], int]] = {
        "accepted": (accepted, _strata(accepted, task), rows),
        "quarantine": (clean, clean["reasons"].str.split(r"[=;]", regex=True).str[0], -(-rows // ONE_IN)),
    }
    tables = []
    for part, (frame, strata, count) in parts.items():
        chosen = systematic(strata.astype(str).tolist(), frame["id"].astype(str).tolist(), count, seed)
        table = frame.iloc[chosen]
        fields = {name: table[name].fillna("").astype(str) for name in task.columns if name in table.columns}
        reasons = table["reasons"].astype(str) if "reasons" in table.columns else ""
        keys = [f"{part}:{position}" for position in table.index]
        tables.append(
            pd.DataFrame(
                {"row": keys, "part": part, "stratum": strata.iloc[chosen].astype(str), "id": table["id"].astype(str),
                 **fields, "reasons": reasons, "decision": "", "comment": ""},
                columns=columns(task),
            )
        )  # fmt: skip
    return pd.concat(tables, ignore_index=True)


def columns(task: Task) -> list[str]:
    """Return the names of the columns of the table that people review, in order."""
    return [*SAMPLE_COLUMNS, *task.columns, "reasons", *REVIEWER_COLUMNS]


def systematic(strata: list[str], ids: list[str], count: int, seed: int) -> list[int]:
    """Draw a systematic sample of rows, ordered by stratum and id.

    Args:
        strata: Stratum of each row.
        ids: Id of each row.
        count: Number of rows to draw.
        seed: Seed of the random start.

    Returns:
        Positions of the rows; all of them if there are no more than `count`.
    """
    import random

    order = sorted(range(len(ids)), key=lambda position: (strata[position], ids[position], position))
    if len(order) <= count:
        return order
    step = len(order) / count
    start = random.Random(seed).random() * step
    return [order[min(int(start + number * step), len(order) - 1)] for number in range(count)]


def _strata(rows: pd.DataFrame, task: Task) -> pd.Series[str]:
    if task.labels:
        return rows[task.target.field].fillna("").astype(str)
    lengths = sum(
        (rows[name].fillna("").astype(str).str.len() for name in task.inputs),
        start=0 * rows.index.to_series(),
    )
    return rows["source"].astype(str) + (lengths < lengths.median()).map({True: ", short", False: ", long"})
