"""Metrics of an evaluation: those that apply, in the units of the API contract."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import Any

from veritrain_lib.stages.record.metrics_by_track import PREFIX

METRIC_SCALES = {"bleu": 100.0}
"""Metrics that the contract wants from 0 to 1, and the upper end of their own scale."""

JUDGE_SCORES = {"judge_fluency": "fluency", "judge_adequacy": "adequacy", "judge_accuracy": "accuracy"}

MQM = "mqm"


def metric_names(metrics: Mapping[str, float]) -> list[str]:
    """Return the names of the task's metrics on an evaluation's run.

    The run has each of them for both models and as a gain.
    """
    gains = {key.removeprefix("gain_") for key in metrics if key.startswith("gain_")}
    interval_ends = {f"{name}{end}" for name in gains for end in ("_low", "_high")}
    return sorted(name for name in gains - interval_ends if name in metrics and f"champion_{name}" in metrics)


def metrics_of_run(
    metrics: Mapping[str, float], *, champion: bool = False, track: str = "",
    distribution: Mapping[str, int] | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Return a model's metrics from an evaluation's run.

    Args:
        metrics: Metrics of the run.
        champion: Return those of the champion instead of the challenger.
        track: Return those of one track; empty for all rows.
        distribution: Number of errors of each type that an LLM judge annotated.
    """
    prefix = f"{PREFIX}{track}." if track else ""
    role = "champion_" if champion else ""
    values = {name: metrics.get(f"{prefix}{role}{name}") for name in metric_names(metrics)}
    return to_contract({name: value for name, value in values.items() if value is not None}, distribution)


def to_contract(values: Mapping[str, float], distribution: Mapping[str, int] | None = None) -> dict[str, Any]:
    """Return metrics, by name and on their own scales, in the form of the API contract."""
    metrics: dict[str, Any] = {}
    for name, value in values.items():
        if not math.isfinite(value):
            continue
        if name in JUDGE_SCORES:
            metrics.setdefault("gpt_eval_1", {})[JUDGE_SCORES[name]] = value
        elif name == MQM:
            metrics["gpt_eval_2"] = {"mqm_score": value, "error_distribution": dict(distribution or {})}
        else:
            metrics[name] = (
                min(max(value / METRIC_SCALES[name], 0.0), 1.0) if name in METRIC_SCALES else value
            )
    return metrics


def select_metrics(metrics: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    """Return the metrics with one of the names; all if no name is given."""
    return {name: value for name, value in metrics.items() if not names or name in names}


def flatten_metrics(metrics: Mapping[str, Any], prefix: str = "") -> dict[str, float]:
    """Return every numeric metric by a flat name, such as `gpt_eval_1.fluency`, without distributions."""
    flat: dict[str, float] = {}
    for name, value in metrics.items():
        if isinstance(value, Mapping):
            if name != "error_distribution":
                flat |= flatten_metrics(value, f"{prefix}{name}.")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            flat[prefix + name] = float(value)
    return flat
