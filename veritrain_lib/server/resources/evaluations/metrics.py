"""Conversion of an evaluation's metrics to the names and scales of the API contract.

The API contract is the interface for which existing clients were written.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import Any

from veritrain_lib.stages.record.metrics_by_track import PREFIX

METRIC_SCALES = {"bleu": 100.0}
"""Metrics that API clients expect from 0 to 1, with the upper end of the scale on which they are stored."""

JUDGE_SCORES = {"judge_fluency": "fluency", "judge_adequacy": "adequacy", "judge_accuracy": "accuracy"}
"""Stored names of an LLM judge's scores, with the names that they have in `gpt_eval_1` of an API response."""

MQM = "mqm"
"""Stored name of the MQM score of an LLM judge, which API responses call `gpt_eval_2.mqm_score`."""


def metric_names(metrics: Mapping[str, float]) -> list[str]:
    """Return the names of the task's metrics in an evaluation's MLflow run.

    A key NAME is such a metric if the run also has `champion_NAME` (the value of the previous best model) and
    `gain_NAME`.
    """
    gains = {key.removeprefix("gain_") for key in metrics if key.startswith("gain_")}
    interval_ends = {f"{name}{end}" for name in gains for end in ("_low", "_high")}
    return sorted(name for name in gains - interval_ends if name in metrics and f"champion_{name}" in metrics)


def metrics_of_run(
    metrics: Mapping[str, float], *, champion: bool = False, track: str = "",
    distribution: Mapping[str, int] | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Return the metrics of one model from an evaluation's MLflow run, with the names and scales of API responses.

    Args:
        metrics: Metrics of the run.
        champion: True for the metrics of the champion (the best model so far), False for those of the challenger (the
            new model).
        track: `spoken` or `written` for metrics over the rows of that track; empty for all rows.
        distribution: Number of errors of each type that an LLM judge annotated; None without a judge.
    """
    prefix = f"{PREFIX}{track}." if track else ""
    role = "champion_" if champion else ""
    values = {name: metrics.get(f"{prefix}{role}{name}") for name in metric_names(metrics)}
    return to_contract({name: value for name, value in values.items() if value is not None}, distribution)


def to_contract(values: Mapping[str, float], distribution: Mapping[str, int] | None = None) -> dict[str, Any]:
    """Convert metrics to the names and scales of API responses; values that are not finite are left out.

    Args:
        values: Metrics by name, on their stored scale.
        distribution: Number of errors of each type that an LLM judge annotated; None without a judge.
    """
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
    """Return the metrics with the given names; all metrics if no name is given."""
    return {name: value for name, value in metrics.items() if not names or name in names}


def flatten_metrics(metrics: Mapping[str, Any], prefix: str = "") -> dict[str, float]:
    """Return an evaluation's numeric metrics by flat names such as `gpt_eval_1.fluency`.

    Error distributions are left out.
    """
    flat: dict[str, float] = {}
    for name, value in metrics.items():
        if isinstance(value, Mapping):
            if name != "error_distribution":
                flat |= flatten_metrics(value, f"{prefix}{name}.")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            flat[prefix + name] = float(value)
    return flat
