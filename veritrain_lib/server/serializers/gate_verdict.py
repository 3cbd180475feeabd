"""What the gate said of a dataset, in the words of the API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal

from veritrain_lib.server.api.casing import TwofoldAnswer
from veritrain_lib.server.serializers.dataset import NOT_JUDGED, moment
from veritrain_lib.tracking.dataset_listing import DatasetItem
from veritrain_lib.tracking.entities import Run

TAG = "veritrain.review"
"""`recorded.review.TAG`, which is not imported for every list: it is on a gate's run that somebody reviewed."""

MEASURED_BY = {
    "alignment_rate": ("alignment",),
    "duplicate_rate": ("exact_duplicate", "near_duplicate"),
    "language_consistency": ("language",),
}
"""The checks behind each number. A row is rejected by one of the two checks for copies at most."""

SHARE_OF_REJECTED = {"duplicate_rate"}
"""Numbers that are themselves the rejected share; the others are what is left of 1."""


class SamplingReview(TwofoldAnswer):
    """The newest review of a sample by a person. `pass_rate` is a share, 0 to 1, with its 95 % interval; null while
    nothing was decided."""

    reviewed_by: str
    reviewed_at: datetime | None
    sample_size: int
    pass_rate: float | None
    pass_rate_low: float
    pass_rate_high: float
    comments: str


class QualityGate(TwofoldAnswer):
    """A gate's verdict. `metrics` are shares, 0 to 1; one whose rule the suite does not have, or that looked at no row,
    is absent. `thresholds` say at which share a rule blocks (for copies the strictest limit of the rules that count).
    While the status is pending, `block_reasons` says why a gate could not be run, if so."""

    status: Literal["passed", "failed", "pending"]
    checked_at: datetime | None
    metrics: dict[str, float]
    thresholds: dict[str, float]
    sampling_review: SamplingReview | None
    block_reasons: list[str]
    headline: str
    rows_accepted: int
    rows_rejected: int
    gate_run_id: str | None


@dataclass(frozen=True)
class _Told:
    metrics: Mapping[str, float]
    thresholds: Mapping[str, float]
    reasons: tuple[str, ...]
    headline: str
    accepted: int
    rejected: int


def quality_gate(item: DatasetItem) -> QualityGate:
    """The newest verdict on a dataset, or that there is none yet."""
    gate = item.gate
    if gate is None:
        why = item.run.data.tags.get(NOT_JUDGED)
        said = [f"the gate could not be run: {why}"] if why else []
        return QualityGate(
            status="pending", checked_at=None, metrics={}, thresholds={}, sampling_review=None,
            block_reasons=said, headline=said[0] if said else "the gate has not judged it yet",
            rows_accepted=0, rows_rejected=0, gate_run_id=None,
        )  # fmt: skip
    told = _told(gate.info.run_id)
    return QualityGate(
        status="passed" if item.status == "passed" else "failed",
        checked_at=moment(gate.info.end_time or gate.info.start_time),
        metrics=dict(told.metrics),
        thresholds=dict(told.thresholds),
        sampling_review=_review(gate),
        block_reasons=list(told.reasons),
        headline=told.headline,
        rows_accepted=told.accepted,
        rows_rejected=told.rejected,
        gate_run_id=gate.info.run_id,
    )


@lru_cache(maxsize=512)
def _told(run_id: str) -> _Told:
    """What a finished gate's run said: it never changes."""
    from veritrain_lib.stage_io.stage import load_result

    found: Any = load_result("gate", run_id)
    rules = found.tables["rules"].to_dict("records")
    metrics, thresholds = {}, {}
    for name, checks in MEASURED_BY.items():
        mine = [rule for rule in rules if rule["check"] in checks and rule["checked"] > 0]
        if not mine:
            continue
        rejected = min(sum(float(rule["share"]) for rule in mine), 1.0)
        limit = min(float(rule["limit"]) for rule in mine)
        inverse = name not in SHARE_OF_REJECTED
        metrics[name] = round(1 - rejected if inverse else rejected, 6)
        thresholds[name] = round(1 - limit if inverse else limit, 6)
    return _Told(
        metrics, thresholds, tuple(found.block_reasons), found.headline,
        len(found.tables["accepted"]), len(found.tables["quarantine"]),
    )  # fmt: skip


def _review(gate: Run) -> SamplingReview | None:
    from veritrain_lib.stage_io.review import reviews

    said = reviews(gate.info.run_id) if TAG in gate.data.tags else []
    if not said:
        return None
    newest = said[-1]
    rate = newest["pass_rate"]
    return SamplingReview(
        reviewed_by=newest["reviewer"],
        reviewed_at=newest.get("reviewed_at"),
        sample_size=int(rate["n"] or 0),
        pass_rate=rate["value"],
        pass_rate_low=rate["low"],
        pass_rate_high=rate["high"],
        comments="; ".join(one["comment"] for one in newest["comments"]),
    )
