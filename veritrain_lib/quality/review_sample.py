"""Which rows of a gate people are asked to review.

The sample is systematic: rows are ordered by stratum, and every k-th from a random start is taken (W. G. Cochran 1977,
Sampling Techniques, chapter 8). So every row is as likely as any other, each stratum has its share of the sample, and
the plain share of accepted rows with the interval of Agresti and Coull is the pass rate.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from veritrain_lib.quality.reason_examples import SECRET

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.task import Task

ROWS = 50
"""Accepted rows in a sample, unless another number is asked for; 50 that all pass show at least 93 %."""

ONE_IN = 5
"""One quarantined row is shown for so many accepted ones."""

OWN = ["row", "part", "stratum", "id"]
PEOPLES = ["decision", "comment"]
Part = Literal["accepted", "quarantine"]


def sample(
    accepted: pd.DataFrame, quarantine: pd.DataFrame, task: Task, *, rows: int = ROWS, seed: int = 0
) -> pd.DataFrame:
    """A stratified sample to review: `rows` accepted rows and a fifth as many quarantined ones, all where there are
    fewer. Same rows and seed, same sample; `decision` and `comment` are empty.

    Strata are the label (without labels the source, and whether the text is shorter than the median), of quarantined
    rows the kind of their first reason. Rows with personal data are never shown.
    """
    import pandas as pd

    told = quarantine["reasons"].astype(object).astype(str)
    clean = quarantine.assign(reasons=told)[~told.str.contains(SECRET, regex=False)]
    parts: dict[Part, tuple[pd.DataFrame, pd.Series[str], int]] = {
        "accepted": (accepted, _strata(accepted, task), rows),
        "quarantine": (clean, clean["reasons"].str.split(r"[=;]", regex=True).str[0], -(-rows // ONE_IN)),
    }
    shown = []
    for part, (frame, strata, count) in parts.items():
        chosen = systematic(strata.astype(str).tolist(), frame["id"].astype(str).tolist(), count, seed)
        table = frame.iloc[chosen]
        fields = {name: table[name].fillna("").astype(str) for name in task.columns if name in table.columns}
        reasons = table["reasons"].astype(str) if "reasons" in table.columns else ""
        keys = [f"{part}:{place}" for place in table.index]
        shown.append(
            pd.DataFrame(
                {"row": keys, "part": part, "stratum": strata.iloc[chosen].astype(str), "id": table["id"].astype(str),
                 **fields, "reasons": reasons, "decision": "", "comment": ""},
                columns=columns(task),
            )
        )  # fmt: skip
    return pd.concat(shown, ignore_index=True)


def columns(task: Task) -> list[str]:
    """The columns of a sample, in order."""
    return [*OWN, *task.columns, "reasons", *PEOPLES]


def systematic(strata: list[str], ids: list[str], count: int, seed: int) -> list[int]:
    """Positions of a systematic sample over rows ordered by stratum and id; all of them when there are no more."""
    import random

    order = sorted(range(len(ids)), key=lambda at: (strata[at], ids[at], at))
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
