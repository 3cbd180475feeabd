"""API response for the quality gate's newest verdict on a dataset, together with the newest review by a person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from veritrain_lib.server.http.timestamps import utc_datetime
from veritrain_lib.server.resources.datasets.schemas import QualityGate, SamplingReview
from veritrain_lib.tracking.dataset_listing import GATE_ERROR_TAG, DatasetItem
from veritrain_lib.tracking.entities import Run

REVIEW_TAG = "veritrain.review"
"""Tag of an MLflow run of the quality gate that says that a person has reviewed its rows.

It equals `stages.record.review.TAG`; that module is not imported here, because importing it would slow down every list.
"""


@dataclass(frozen=True)
class _GateOutcome:
    """Outcome of one run of the quality gate: metrics, their limits, reasons of a block, headline, and row counts.

    Metrics and limits are shares from 0 to 1.
    """

    metrics: Mapping[str, float]
    thresholds: Mapping[str, float]
    reasons: tuple[str, ...]
    headline: str
    accepted: int
    rejected: int


def quality_gate(item: DatasetItem) -> QualityGate:
    """Return the API response for the quality gate's newest verdict on a dataset.

    The status in the response is `pending` if the gate has given no verdict yet.
    """
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
    """Return the outcome of a finished run of the quality gate. It is cached, since it never changes."""
    from veritrain_lib.stages.gate.verdict_rates import verdict_rates
    from veritrain_lib.stages.record.stored_result import load_result

    result: Any = load_result("gate", run_id)
    metrics, thresholds = verdict_rates(result)
    return _GateOutcome(
        metrics, thresholds, tuple(result.block_reasons), result.headline,
        result.row_count("accepted"), result.row_count("quarantine"),
    )  # fmt: skip


def _review(gate: Run) -> SamplingReview | None:
    """Return the newest review by a person of the rows in a run of the quality gate.

    The result is None if nobody has reviewed them.
    """
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
