"""The report's forecast of the gain of one more round, by the learning curve, and of the cost of its labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.task import Task
    from veritrain_lib.statistics.power_law import GainForecast

Z_95 = 1.959964
"""Half the width of a 95 % interval of a normal distribution, in standard errors."""


def forecast_of(task: Task, rounds: pd.DataFrame) -> GainForecast | None:
    """Forecast the gain on development rows of one more round, with `budget.rows_per_round` further training rows.

    Args:
        task: The task.
        rounds: The rounds so far: columns rows (training rows), value, low, high (primary metric on development rows).

    Returns:
        The forecast, by a power law through the rounds. None with fewer than three usable rounds, and for a metric that
        is not between 0 and 1 or of which lower is better, because its error follows no such law.
    """
    from veritrain_lib.statistics.power_law import forecast_gain

    if not task.primary.higher_is_better or not {"rows", "value", "low", "high"} <= set(rounds.columns):
        return None
    points = rounds[["rows", "value", "low", "high"]].astype(float).dropna()
    points = points[points["high"] > points["low"]]
    if not len(points) or points["value"].min() < 0 or points["value"].max() > 1:
        return None
    return forecast_gain(
        points["rows"],
        1 - points["value"],
        (points["high"] - points["low"]) / (2 * Z_95),
        task.budget.rows_per_round,
    )


def sentence(task: Task, forecast: GainForecast | None) -> str:
    """Return a sentence about the expected gain and cost of another round; empty without a forecast."""
    if forecast is None:
        return ""
    text = (
        f"Another round of {forecast.more} rows is expected to change development {task.primary.name} by "
        f"{forecast.gain:+.3f} ({forecast.interval.low:+.3f} to {forecast.interval.high:+.3f}, power law through the rounds)"
    )
    price = task.budget.price_per_label * forecast.more
    if not price:
        return f"{text}."
    point = f", {price / (100 * forecast.gain):.2f} for each point" if forecast.gain > 0.0005 else ""
    return f"{text}; its labels cost {price:.2f}{point}."


def is_hopeless(forecast: GainForecast | None, detectable: float | None) -> bool:
    """Return whether another round's expected gain is too small to be proven, even at the upper end of its interval.

    Args:
        forecast: The forecast; None makes the answer False.
        detectable: The smallest gain that can be proven, in the metric's units; None makes the answer False.
    """
    return forecast is not None and detectable is not None and forecast.interval.high < detectable
