"""The judge in the gate: a sample of a draft's rows, judged right or wrong."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from veritrain_lib.judging.calibration import Agreement, calibrate
from veritrain_lib.judging.judge import records_of

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.judging.judge import Judge


@dataclass(frozen=True)
class JudgedSample:
    """What the judge said of a sample.

    `reasons` and `looked` are aligned to the rows: why a row was judged wrong ("" for right and for rows not
    looked at), and whether it was looked at. A row that the judge failed on has a reason and counts as wrong;
    `failed` counts them. `note` is one paragraph for people.
    """

    reasons: pd.Series[str] = field(repr=False)
    looked: pd.Series[bool] = field(repr=False)
    agreement: Agreement | None
    failed: int
    note: str

    @property
    def decides(self) -> bool:
        """Whether the judge agrees with people well enough to remove rows. Without a sample there is nothing to
        decide, and nobody was asked."""
        return self.agreement is None or self.agreement.decides


def judge_sample(
    judge: Judge,
    rows: pd.DataFrame,
    development: pd.DataFrame,
    *,
    count: int = 0,
    seed: int = 0,
    may_leave: Sequence[bool] | None = None,
) -> JudgedSample:
    """Judge a sample of rows with answers: `count` of them, 0 for the task's number.

    `may_leave` says for each row whether it may be shown to the judge at all; without it all may.

    People's rows (source `human`) are the reference and never asked about. Which rows are drawn depends on their
    ids and the seed only, so a row that was judged before is found in the ledger again.
    """
    import pandas as pd

    task = judge.task
    target = task.target.field
    reasons = pd.Series("", index=rows.index, dtype=object)
    looked = pd.Series(False, index=rows.index, dtype=bool)
    asked = rows[(rows["source"] != "human") & (rows[target].fillna("").astype(str).str.strip() != "")]
    if may_leave is not None:
        asked = asked[pd.Series(list(may_leave), index=rows.index).loc[asked.index]]
    drawn = sorted(asked.index, key=lambda at: _place(str(asked["id"][at]), seed))[
        : count or judge.settings.sample
    ]
    if not drawn:
        return JudgedSample(
            reasons, looked, None, 0, "The judge was not asked: no row has an answer not of people."
        )
    agreement = calibrate(judge, development, "right", seed=seed)
    shown = rows.loc[drawn]
    ratings = judge.right(records_of(shown), shown[target].tolist())
    for at, rating in zip(drawn, ratings, strict=True):
        looked[at] = True
        if rating.value is None:
            reasons[at] = f"judge_sample:failed={rating.failed.partition(':')[0]}"
        elif not rating.value:
            reasons[at] = "judge_sample:wrong"
    failed = sum(rating.value is None for rating in ratings)
    return JudgedSample(
        reasons, looked, agreement, failed, _note(judge, agreement, reasons, len(drawn), failed)
    )


def _note(judge: Judge, agreement: Agreement, reasons: pd.Series[str], asked: int, failed: int) -> str:
    from veritrain_lib.statistics.intervals import agresti_coull

    wrong = int((reasons != "").sum())
    interval = agresti_coull(wrong, asked)
    failures = f", {failed} of them because the judge failed" if failed else ""
    effect = (
        "" if agreement.decides else " So its verdicts are warnings: no row is removed and nothing blocked."
    )
    return (
        f"{judge.name} judged {asked} rows: {wrong} wrong{failures} (share {wrong / asked:.3f}, 95 % interval "
        f"{interval.low:.3f} to {interval.high:.3f}). {agreement.sentence()}{effect}"
    )


def _place(row_id: str, seed: int) -> str:
    return hashlib.sha256(f"{seed} {row_id}".encode()).hexdigest()
