"""The gate's newest verdict on a dataset, with the newest review by a person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from veritrain_lib.server.http.timestamps import utc_datetime
from veritrain_lib.server.resources.datasets.record import GATE_ERROR_TAG
from veritrain_lib.server.resources.datasets.schemas import QualityGate, SamplingReview
from veritrain_lib.tracking.dataset_listing import DatasetItem
from veritrain_lib.tracking.entities import Run

REVIEW_TAG = "veritrain.review"
"""`stages.record.review.TAG`, which is not imported for every list: the tag of a gate's run that somebody reviewed."""

CHECKS_OF_METRIC = {
    "alignment_rate": ("alignment",),
    "duplicate_rate": ("exact_duplicate", "near_duplicate"),
    "language_consistency": ("language",),
}
"""Checks behind each metric. At most one of the two duplicate checks rejects a row."""

REJECTED_SHARE_METRICS = {"duplicate_rate"}
"""Metrics that are the rejected share themselves; the others are 1 minus that share."""


@dataclass(frozen=True)
class _GateOutcome:
    metrics: Mapping[str, float]
    thresholds: Mapping[str, float]
    reasons: tuple[str, ...]
    headline: str
    accepted: int
    rejected: int


def quality_gate(item: DatasetItem) -> QualityGate:
    """Return the newest verdict on a dataset; its status is `pending` if there is none yet."""
    gate = item.gate
    if gate is None:
        gate_error = item.run.data.tags.get(GATE_ERROR_TAG)
        reasons = [f"the gate could not be run: {gate_error}"] if gate_error else []
        return QualityGate(
            status="pending", checked_at=None, metrics={}, thresholds={}, sampling_review=None,
            block_reasons=reasons, headline=reasons[0] if reasons else "the gate has not run on it yet",
            rows_accepted=0, rows_rejected=0, gate_run_id=None,
        )  # fmt: skip
    outcome = _gate_outcome(gate.info.run_id)
    return QualityGate(
        status="passed" if item.status == "passed" else "failed",
        checked_at=utc_datetime(gate.info.end_time or gate.info.start_time),
        metrics=dict(outcome.metrics),
        thresholds=dict(outcome.thresholds),
        sampling_review=_review(gate),
        block_reasons=list(outcome.reasons),
        headline=outcome.headline,
        rows_accepted=outcome.accepted,
        rows_rejected=outcome.rejected,
        gate_run_id=gate.info.run_id,
    )


@lru_cache(maxsize=512)
def _gate_outcome(run_id: str) -> _GateOutcome:
    """Return the outcome of a finished gate's run, which never changes."""
    from veritrain_lib.stages.record.stored_result import load_result

    result: Any = load_result("gate", run_id)
    rules = result.tables["rules"].to_dict("records")
    metrics, thresholds = {}, {}
    for name, checks in CHECKS_OF_METRIC.items():
        rules_of_metric = [rule for rule in rules if rule["check"] in checks and rule["checked"] > 0]
        if not rules_of_metric:
            continue
        rejected = min(sum(float(rule["share"]) for rule in rules_of_metric), 1.0)
        limit = min(float(rule["limit"]) for rule in rules_of_metric)
        inverse = name not in REJECTED_SHARE_METRICS
        metrics[name] = round(1 - rejected if inverse else rejected, 6)
        thresholds[name] = round(1 - limit if inverse else limit, 6)
    return _GateOutcome(
        metrics, thresholds, tuple(result.block_reasons), result.headline,
        len(result.tables["accepted"]), len(result.tables["quarantine"]),
    )  # fmt: skip


def _review(gate: Run) -> SamplingReview | None:
    from veritrain_lib.stages.record.review import reviews

    reviews_of_run = reviews(gate.info.run_id) if REVIEW_TAG in gate.data.tags else []
    if not reviews_of_run:
        return None
    newest = reviews_of_run[-1]
    rate = newest["pass_rate"]
    return SamplingReview(
        reviewed_by=newest["reviewer"],
        reviewed_at=newest.get("reviewed_at"),
        sample_size=int(rate["n"] or 0),
        pass_rate=rate["value"],
        pass_rate_low=rate["low"],
        pass_rate_high=rate["high"],
        comments="; ".join(comment["comment"] for comment in newest["comments"]),
    )
