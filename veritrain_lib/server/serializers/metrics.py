"""The metrics of an evaluation, as the API says them: those that apply, in the units of the contract."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import Annotated, Any

from pydantic import ConfigDict, Field
from typing_extensions import TypedDict

from veritrain_lib.stage_io.metrics_by_track import PREFIX

SHARES = {"bleu": 100.0}
"""Metrics that the contract wants from 0 to 1, and where their own scale ends."""

JUDGED = {"judge_fluency": "fluency", "judge_adequacy": "adequacy", "judge_accuracy": "accuracy"}

MQM = "mqm"

GROUPS = ("gpt_eval_1", "gpt_eval_2")

Share = Annotated[float, Field(ge=0, le=1)]
Points = Annotated[float, Field(ge=1, le=5)]


class GptPoints(TypedDict, total=False):
    """Points of a judge, 1 to 5."""

    fluency: Points
    adequacy: Points
    accuracy: Points


class GptErrors(TypedDict, total=False):
    """Errors marked by a judge: MQM score, 0 to 100, and how many errors of each type."""

    mqm_score: Annotated[float, Field(ge=0, le=100)]
    error_distribution: dict[str, float]


class Metrics(TypedDict, total=False):
    """The metrics that apply; others are absent, none is null. Beside these the task's own, on their own scale."""

    __pydantic_config__ = ConfigDict(extra="allow")  # type: ignore[misc]

    bleu: Share
    rouge_l: Share
    ribes: Share
    gpt_eval_1: GptPoints
    gpt_eval_2: GptErrors


def measured_names(metrics: Mapping[str, float]) -> list[str]:
    """The names of the task's metrics on the run of an evaluation, which has each of both models and the gain."""
    gains = {key.removeprefix("gain_") for key in metrics if key.startswith("gain_")}
    ends = {f"{name}{end}" for name in gains for end in ("_low", "_high")}
    return sorted(name for name in gains - ends if name in metrics and f"champion_{name}" in metrics)


def of_run(
    metrics: Mapping[str, float], *, champion: bool = False, track: str = "",
    distribution: Mapping[str, int] | None = None,
) -> dict[str, Any]:  # fmt: skip
    """A model's metrics from a run: the challenger's, or the champion's; of one track where that is asked.

    `distribution` is how many errors of each type a judge marked.
    """
    before = f"{PREFIX}{track}." if track else ""
    role = "champion_" if champion else ""
    plain = {name: metrics.get(f"{before}{role}{name}") for name in measured_names(metrics)}
    return shown({name: value for name, value in plain.items() if value is not None}, distribution)


def shown(values: Mapping[str, float], distribution: Mapping[str, int] | None = None) -> dict[str, Any]:
    """Metrics by name, on their own scales, in the form of the contract."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        if not math.isfinite(value):
            continue
        if name in JUDGED:
            found.setdefault("gpt_eval_1", {})[JUDGED[name]] = value
        elif name == MQM:
            found["gpt_eval_2"] = {"mqm_score": value, "error_distribution": dict(distribution or {})}
        else:
            found[name] = min(max(value / SHARES[name], 0.0), 1.0) if name in SHARES else value
    return found


def only(metrics: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    """Those of the names that are there; all when none is named."""
    return {name: value for name, value in metrics.items() if not names or name in names}


def numbers(metrics: Mapping[str, Any], before: str = "") -> dict[str, float]:
    """Every number of metrics by a flat name, such as `gpt_eval_1.fluency`; distributions left out."""
    flat: dict[str, float] = {}
    for name, value in metrics.items():
        if isinstance(value, Mapping):
            if name != "error_distribution":
                flat |= numbers(value, f"{before}{name}.")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            flat[before + name] = float(value)
    return flat
