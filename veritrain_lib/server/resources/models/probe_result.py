"""API response for a model's probe: what the model can do, and the measured rates behind that.

A probe is the stage that sends a model some rows of a task to see how it answers.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from veritrain_lib.server.http.timestamps import utc_datetime
from veritrain_lib.server.resources.models.schemas import BaselineProbe

MAJORITY = 0.5
"""Share of the probed rows above which a model is said to offer several answers, or to explain its answers."""

CONTRACT_THRESHOLD = 0.95
"""Minimum share of the probed rows on which a model must follow the output contract (the JSON Schema of answers)."""


def serialize_probe(
    measures: Mapping[str, Mapping[str, Any]], run_id: str, ended_ms: int | None, **more_details: Any
) -> BaselineProbe:
    """Return the API response for a model's probe, a stage that measures how the model answers some rows of a task.

    Args:
        measures: Measured rates by name; each has a `value` from 0 to 1.
        run_id: Id of the probe's MLflow run.
        ended_ms: End of that run in milliseconds since 1970; None if it has not ended.
        **more_details: Further entries of the response's `details`.
    """

    def value(name: str) -> float:
        rate = (measures.get(name) or {}).get("value")
        return float(rate) if isinstance(rate, int | float) and math.isfinite(rate) else 0.0

    return BaselineProbe(
        is_multi_candidate=value("several_candidates") > MAJORITY,
        has_explanation=value("explanation") > MAJORITY,
        follows_output_contract=value("output_contract") >= CONTRACT_THRESHOLD,
        probed_at=utc_datetime(ended_ms) if ended_ms else None,
        details={
            "measures": {name: _finite(measure) for name, measure in measures.items()},
            "run_id": run_id,
            **more_details,
        },
    )


def probe_from_tags(tags: Mapping[str, str], end_times: Mapping[str, int | None]) -> BaselineProbe | None:
    """Return how a model answered the probe (a test on some rows of a task), as stored in the tags of its version.

    Args:
        tags: Tags of the model version.
        end_times: End of each probe's MLflow run in milliseconds since 1970, by run id.

    Returns:
        None if the model was never probed.
    """
    try:
        measures = json.loads(tags["veritrain.probe"])
    except (KeyError, ValueError):
        return None
    run_id = tags.get("veritrain.probe.run", "")
    return serialize_probe(measures, run_id, end_times.get(run_id)) if isinstance(measures, dict) else None


def _finite(measure: Mapping[str, Any]) -> dict[str, Any]:
    """Return a measured rate in which NaN and infinity, which JSON does not have, are None."""
    return {
        key: None if isinstance(value, float) and not math.isfinite(value) else value
        for key, value in measure.items()
    }
