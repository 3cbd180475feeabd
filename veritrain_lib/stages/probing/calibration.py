"""Is a model right as often as it says? Expected calibration error and the bins it is made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from veritrain_lib.stages.result import Measure

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from veritrain_lib.core.records import Response

BINS = 10
RESAMPLES = 400
FAILED_CONFIDENCE, FAILED_RIGHT = 1.0, 0.0


def calibration(
    responses: Sequence[Response],
    references: Sequence[str],
    seed: int = 0,
    grades: Sequence[float] | None = None,
) -> tuple[Measure, pd.DataFrame]:
    """Expected calibration error, 0 to 1 (lower is better), and the table of its bins.

    `grades` says how right each answer is, 0 to 1; without it an answer is right when it is the reference. The
    confidence of a row is the score of its best candidate; ten bins of equal width; the error is the mean
    gap between confidence and share right, weighted by rows (C. Guo et al. (2017), ICML, section 2). A row
    without an answer is a gap of 1: no score is no excuse. Not measured when no row has a score or one lies
    outside 0 to 1: such scores are no confidences.

    The interval is the value plus and minus 1.96 bootstrap standard errors, cut to 0..1 (B. Efron and R. J.
    Tibshirani (1993), chapter 13). With few rows a bin the error itself comes out too high, not too low.

    The table has a row a bin: `low`, `high`, `n`, `confidence` and `right` (means; missing in an empty bin);
    rows without a score are in none of them.
    """
    import numpy as np

    scores = [_score(response) for response in responses]
    known = np.array([score is not None for score in scores], dtype=bool)
    confidence = np.array([FAILED_CONFIDENCE if score is None else score for score in scores], dtype=float)
    if not known.any() or confidence.min() < 0 or confidence.max() > 1:
        return Measure(value=None, n=len(scores)), _table(confidence[:0], confidence[:0])
    if grades is None:
        grades = [
            float(response.best == wanted) for response, wanted in zip(responses, references, strict=True)
        ]
    right = np.where(known, np.asarray(grades, dtype=float), FAILED_RIGHT)
    # Rows without a score are a bin of their own, so that they can't be averaged away.
    place = np.where(known, np.minimum((confidence * BINS).astype(int), BINS - 1), BINS)
    gaps = confidence - right
    value = float(_errors(place[None, :], gaps[None, :])[0])
    rows = np.random.default_rng(seed).integers(0, len(gaps), (RESAMPLES, len(gaps)))
    spread = 1.959964 * float(_errors(place[rows], gaps[rows]).std(ddof=1))
    measure = Measure(value=value, low=max(0.0, value - spread), high=min(1.0, value + spread), n=len(gaps))
    return measure, _table(confidence[known], right[known])


def _score(response: Response) -> float | None:
    if response.error is not None or not response.candidates:
        return None
    return response.candidates[0].score


def _errors(place: np.ndarray, gaps: np.ndarray) -> np.ndarray:
    """For each line of shape (resamples, rows): the sum over bins of |sum of gaps|, over the rows."""
    import numpy as np

    resamples, n = place.shape
    cells = (place + (BINS + 1) * np.arange(resamples)[:, None]).ravel()
    sums = np.bincount(cells, weights=gaps.ravel(), minlength=resamples * (BINS + 1))
    errors: np.ndarray = np.abs(sums.reshape(resamples, BINS + 1)).sum(axis=1) / n
    return errors


def _table(confidence: np.ndarray, right: np.ndarray) -> pd.DataFrame:
    import numpy as np
    import pandas as pd

    place = np.minimum((confidence * BINS).astype(int), BINS - 1)
    n = np.bincount(place, minlength=BINS)
    full = np.where(n > 0, n, np.nan)
    return pd.DataFrame(
        {
            "low": np.arange(BINS) / BINS,
            "high": (np.arange(BINS) + 1) / BINS,
            "n": n,
            "confidence": np.bincount(place, weights=confidence, minlength=BINS) / full,
            "right": np.bincount(place, weights=right, minlength=BINS) / full,
        }
    )
