"""What a probe found, as the API says it: three judgements, and the rates with their intervals that they rest on."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pydantic import Field

from veritrain_lib.server.api.casing import TwofoldAnswer

MOSTLY = 0.5
"""A model answers in a way when it does so in more than this share of the rows that it was asked."""

RELIABLY = 0.95
"""A contract is followed by a model that keeps it in at least this share of the rows."""


class Probed(TwofoldAnswer):
    """What the probe stage found out of a model."""

    is_multi_candidate: bool = Field(description="several candidates in more than half of the rows")
    has_explanation: bool = Field(description="an explanation in more than half of the rows")
    follows_output_contract: bool = Field(description="the output contract kept in 95 % of the rows or more")
    probed_at: datetime | None = Field(description="when the probe ended")
    details: dict[str, Any] = Field(
        description="`measures`: each rate with `value`, `low`, `high` (95 %) and `n` rows; `run_id`: the probe's run; "
        "`test_cases`: what was answered to those that were sent"
    )


def probed(measures: Mapping[str, Mapping[str, Any]], run_id: str, ended: int | None, **also: Any) -> Probed:
    """From the measures of a probe; `ended` in milliseconds since 1970."""

    def value(name: str) -> float:
        found = (measures.get(name) or {}).get("value")
        return float(found) if isinstance(found, int | float) and math.isfinite(found) else 0.0

    return Probed(
        is_multi_candidate=value("several_candidates") > MOSTLY,
        has_explanation=value("explanation") > MOSTLY,
        follows_output_contract=value("output_contract") >= RELIABLY,
        probed_at=moment(ended) if ended else None,
        details={
            "measures": {name: _finite(one) for name, one in measures.items()},
            "run_id": run_id,
            **also,
        },
    )


def from_tags(tags: Mapping[str, str], ended: Mapping[str, int | None]) -> Probed | None:
    """From the tags of a version, None when it was never probed; `ended` has the ends of runs by id."""
    try:
        measures = json.loads(tags["veritrain.probe"])
    except (KeyError, ValueError):
        return None
    run_id = tags.get("veritrain.probe.run", "")
    return probed(measures, run_id, ended.get(run_id)) if isinstance(measures, dict) else None


def moment(milliseconds: int) -> datetime:
    """A time of the record, with its zone."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def _finite(measure: Mapping[str, Any]) -> dict[str, Any]:
    """Without what JSON has no number for."""
    return {
        key: None if isinstance(one, float) and not math.isfinite(one) else one
        for key, one in measure.items()
    }
