"""Rates of a gate's verdict under the names that clients of the API know: alignment, duplicates, language."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from veritrain_lib.stages.gate.result import GateResult

CHECKS_OF_RATE = {
    "alignment_rate": ("alignment",),
    "duplicate_rate": ("exact_duplicate", "near_duplicate"),
    "language_consistency": ("language",),
}
"""Checks behind each rate. At most one of the two duplicate checks rejects a row."""

REJECTED_SHARES = {"duplicate_rate"}
"""Rates that are the rejected share itself; the others are 1 minus that share."""


def verdict_rates(result: GateResult) -> tuple[dict[str, float], dict[str, float]]:
    """Return the rates of a verdict, and the limit that the suite sets for each.

    Args:
        result: The gate's result.

    Returns:
        Rates and limits, both from 0 to 1, by the names of `CHECKS_OF_RATE`; a rate whose checks judged no row is left
        out.
    """
    rules = result.tables["rules"].to_dict("records")
    rates: dict[str, float] = {}
    limits: dict[str, float] = {}
    for name, checks in CHECKS_OF_RATE.items():
        rules_of_rate = [rule for rule in rules if rule["check"] in checks and rule["checked"] > 0]
        if not rules_of_rate:
            continue
        rejected = min(sum(float(rule["share"]) for rule in rules_of_rate), 1.0)
        limit = min(float(rule["limit"]) for rule in rules_of_rate)
        is_share = name in REJECTED_SHARES
        rates[name] = round(rejected if is_share else 1 - rejected, 6)
        limits[name] = round(limit if is_share else 1 - limit, 6)
    return rates, limits
