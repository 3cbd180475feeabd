"""LLM judge in the gate: it judges a sample of new rows as right or wrong."""

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
    """LLM judge's verdicts on a sample of the rows that the gate judges.

    Attributes:
        reasons: For each row why it was judged wrong; "" for right rows and for rows outside the sample. A row that the
            judge failed on has a reason and counts as wrong.
        is_judged: For each row whether it is in the sample.
        agreement: The judge's agreement with people; None if the sample is empty.
        failed: The number of rows that the judge failed on.
        note: One paragraph for people.
    """

    reasons: pd.Series[str] = field(repr=False)
    is_judged: pd.Series[bool] = field(repr=False)
    agreement: Agreement | None
    failed: int
    note: str

    @property
    def decides(self) -> bool:
        """Whether the LLM judge agrees with people well enough to reject rows; True if the sample is empty."""
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
    """Return the LLM judge's verdicts on whether a sample of new rows has right answers, and its agreement with people.

    Rows written by people (source `human`) are the reference and are never judged. Which rows are drawn depends only on
    their ids and the seed, so a row that was judged before is answered from the ledger of paid answers again.

    Args:
        judge: The judge.
        rows: The rows of the draft dataset.
        development: The development rows, on which the judge's agreement with people is measured.
        count: The size of the sample; 0 for the number in the task file.
        seed: Seed of the sample, default 0.
        may_leave: For each row whether it may be sent to the judge's provider; None: all rows may.

    Raises:
        UserError: There are too few development rows or different answers to measure the agreement.
    """
    import pandas as pd

    task = judge.task
    target = task.target.field
    reasons = pd.Series("", index=rows.index, dtype=object)
    is_judged = pd.Series(False, index=rows.index, dtype=bool)
    candidates = rows[(rows["source"] != "human") & (rows[target].fillna("").astype(str).str.strip() != "")]
    if may_leave is not None:
        candidates = candidates[pd.Series(list(may_leave), index=rows.index).loc[candidates.index]]
    sampled = sorted(candidates.index, key=lambda index: _sort_key(str(candidates["id"][index]), seed))[
        : count or judge.settings.sample
    ]
    if not sampled:
        return JudgedSample(
            reasons,
            is_judged,
            None,
            0,
            "The judge was not asked: no row has an answer that is not from people.",
        )
    agreement = calibrate(judge, development, "right", seed=seed)
    rows_to_judge = rows.loc[sampled]
    ratings = judge.right(records_of(rows_to_judge), rows_to_judge[target].tolist())
    for index, rating in zip(sampled, ratings, strict=True):
        is_judged[index] = True
        if rating.value is None:
            reasons[index] = f"judge_sample:failed={rating.failed.partition(':')[0]}"
        elif not rating.value:
            reasons[index] = "judge_sample:wrong"
    failed = sum(rating.value is None for rating in ratings)
    return JudgedSample(
        reasons, is_judged, agreement, failed, _note(judge, agreement, reasons, len(sampled), failed)
    )


def _note(judge: Judge, agreement: Agreement, reasons: pd.Series[str], candidates: int, failed: int) -> str:
    from veritrain_lib.statistics.intervals import agresti_coull

    wrong = int((reasons != "").sum())
    interval = agresti_coull(wrong, candidates)
    failures = f", {failed} of them because the judge failed" if failed else ""
    effect = (
        "" if agreement.decides else " So its verdicts are warnings: no row is removed and nothing blocked."
    )
    return (
        f"{judge.name} judged {candidates} rows: {wrong} wrong{failures} (share {wrong / candidates:.3f}, 95 % interval "
        f"{interval.low:.3f} to {interval.high:.3f}). {agreement.sentence()}{effect}"
    )


def _sort_key(row_id: str, seed: int) -> str:
    return hashlib.sha256(f"{seed} {row_id}".encode()).hexdigest()
