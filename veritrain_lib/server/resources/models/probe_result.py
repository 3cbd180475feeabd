"""Serializer of a probe: three conclusions, and the rates with intervals that they are based on."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from veritrain_lib.server.http.timestamps import utc_datetime
from veritrain_lib.server.resources.models.schemas import BaselineProbe

MAJORITY = 0.5
"""A model is said to answer in some way if it does so in more than this share of the probed rows."""

CONTRACT_THRESHOLD = 0.95
"""A model follows the output contract if it does so in at least this share of the rows."""


def serialize_probe(
    measures: Mapping[str, Mapping[str, Any]], run_id: str, ended_ms: int | None, **more_details: Any
) -> BaselineProbe:
    """Return the result of a probe.

    Args:
        measures: Rates of the probe, by name.
        run_id: Run of the probe.
        ended_ms: End of the run in milliseconds since 1970; None if it has not ended.
        **more_details: Further entries of `details`.
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
    """Return the probe result in the tags of a version; None if it was never probed.

    Args:
        tags: Tags of the version.
        end_times: End of each probe's run, by run id.
    """
    try:
        measures = json.loads(tags["veritrain.probe"])
    except (KeyError, ValueError):
        return None
    run_id = tags.get("veritrain.probe.run", "")
    return serialize_probe(measures, run_id, end_times.get(run_id)) if isinstance(measures, dict) else None


def _finite(measure: Mapping[str, Any]) -> dict[str, Any]:
    """Return a measure with null instead of numbers that JSON does not have."""
    return {
        key: None if isinstance(value, float) and not math.isfinite(value) else value
        for key, value in measure.items()
    }
