"""Forecast of a learning curve: the gain that more training rows are expected to bring, with an interval.

The error of a model falls with the number n of its training rows about as a * n ** -b. Sources: C. Cortes, L. D.
Jackel, S. A. Solla, V. Vapnik, J. S. Denker (1993), Learning curves: asymptotic values and rate of convergence, NIPS 6;
J. Hestness et al. (2017), Deep learning scaling is predictable, empirically, arXiv:1712.00409. The law here has no
error that remains however many rows there are (an asymptote above 0), because the few points of a loop can't determine
it; far beyond the last point the forecast is therefore rather too high than too low.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from veritrain_lib.statistics.intervals import Interval

N_DRAWS = 4000
MIN_POINTS = 3
LEAST_ERROR = 1e-4
"""Smallest error that is used, 0..1; smaller ones are raised to it, because the logarithm of 0 does not exist."""


@dataclass(frozen=True)
class GainForecast:
    """The expected gain of a metric from more training rows.

    Attributes:
        rows: Number of training rows of the last measured point.
        more: Number of rows that would be added.
        exponent: Exponent b of the fitted law a * n ** -b, above 0 if the error falls.
        gain: The fitted error at `rows` minus that at `rows + more`.
        interval: 95 % interval of the gain, from fits to points that are redrawn by their standard errors.
    """

    rows: int
    more: int
    exponent: float
    gain: float
    interval: Interval


def forecast_gain(
    rows: ArrayLike, errors: ArrayLike, standard_errors: ArrayLike, more: int, *, seed: int = 0
) -> GainForecast | None:
    """Forecast what more training rows gain, from the errors measured so far, by a power law.

    A straight line is fitted to the logarithms by weighted least squares. The interval comes from fits to points that
    are redrawn by their standard errors, independently of each other. In truth all points were measured on the same
    development rows and move together, so the interval is rather too wide than too narrow.

    Args:
        rows: Number of training rows of each point, above 0, shape (points,).
        errors: The error at each point, 0 to 1 (1 minus a metric of which higher is better).
        standard_errors: Standard error of each error, above 0.
        more: Number of rows that would be added, from 1.
        seed: Seed of the redrawn points, default 0.

    Returns:
        The forecast; None with fewer than 3 (`MIN_POINTS`) different numbers of rows, to which no law can be fitted.

    Raises:
        ValueError: The arrays differ in shape, or a value is out of range.
    """
    n, error, spread = (np.asarray(values, dtype=np.float64) for values in (rows, errors, standard_errors))
    if not (n.ndim == 1 and n.shape == error.shape == spread.shape):
        raise ValueError(
            f"rows, errors and standard errors have shapes {n.shape}, {error.shape}, {spread.shape}"
        )
    if more < 1 or not (np.all(n > 0) and np.all((error >= 0) & (error <= 1)) and np.all(spread > 0)):
        raise ValueError(
            "rows and standard errors must be above 0, errors from 0 to 1, and at least 1 row must be added"
        )
    if len(np.unique(n)) < MIN_POINTS:
        return None
    last = float(n.max())
    clipped = np.clip(error, LEAST_ERROR, 1.0)
    weights = clipped / spread  # the standard error of a logarithm is that of the value over the value
    slope, intercept = _fit(n, clipped[None, :], weights)
    rng = np.random.default_rng(seed)
    drawn = np.clip(rng.normal(error, spread, size=(N_DRAWS, len(n))), LEAST_ERROR, 1.0)
    low, high = np.quantile(_gain(*_fit(n, drawn, weights), last, more), (0.025, 0.975))
    gain = float(_gain(slope, intercept, last, more)[0])
    return GainForecast(int(last), more, -float(slope[0]), gain, Interval(float(low), float(high), 0.95))


def _fit(n: np.ndarray, errors: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Fit a weighted straight line in log-log coordinates to each row of `errors`.

    Args:
        n: Number of training rows of each point, shape (points,).
        errors: Errors, shape (fits, points).
        weights: Inverse standard errors of the logarithms, shape (points,).

    Returns:
        Slopes and intercepts, each of shape (fits,).
    """
    x, y, w = np.log(n), np.log(errors), weights**2
    x_mean, y_mean = np.average(x, weights=w), np.average(y, weights=w, axis=1)
    slope = ((y - y_mean[:, None]) * (x - x_mean)) @ w / ((x - x_mean) ** 2 @ w)
    return slope, y_mean - slope * x_mean


def _gain(slope: np.ndarray, intercept: np.ndarray, last: float, more: int) -> np.ndarray:
    def error_at(n: float) -> np.ndarray:
        errors: np.ndarray = np.minimum(np.exp(intercept + slope * np.log(n)), 1.0)
        return errors

    gains: np.ndarray = error_at(last) - error_at(last + more)
    return gains
