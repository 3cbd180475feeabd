"""Probe measure: the expected calibration error, the gap between a model's stated confidence and its accuracy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from veritrain_lib.stages.stage_result import Measure

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
    """Compute a model's expected calibration error, 0 to 1 (lower is better), and the table of its bins.

    The confidence of a row is the score of its best candidate; there are ten bins of equal width; the error is the mean
    gap between confidence and share of right answers, weighted by rows (C. Guo et al. (2017), ICML, section 2). A row
    without an answer counts as a gap of 1. The error is not measured if no row has a score, or if a score is not
    between 0 and 1, so that it is no confidence.

    The interval is the value plus and minus 1.96 bootstrap standard errors, clipped to 0..1 (B. Efron and R. J.
    Tibshirani (1993), chapter 13). With few rows per bin the error is biased upwards.

    Args:
        responses: The model's responses.
        references: The expected answers, in the order of the responses.
        seed: Seed of the bootstrap.
        grades: The grade of each answer, 0 to 1; None grades an answer 1 if it equals the reference and 0 otherwise.

    Returns:
        The measure, and a table with one row per bin: `low`, `high`, `n`, `confidence` and `right` (means; missing in
        an empty bin). Rows without a score are in none of the bins.
    """
    import numpy as np

    scores = [_score(response) for response in responses]
    has_score = np.array([score is not None for score in scores], dtype=bool)
    confidence = np.array([FAILED_CONFIDENCE if score is None else score for score in scores], dtype=float)
    if not has_score.any() or confidence.min() < 0 or confidence.max() > 1:
        return Measure(value=None, n=len(scores)), _table(confidence[:0], confidence[:0])
    if grades is None:
        grades = [
            float(response.best == reference)
            for response, reference in zip(responses, references, strict=True)
        ]
    right = np.where(has_score, np.asarray(grades, dtype=float), FAILED_RIGHT)
    # Rows without a score are in a bin of their own, so that other rows can't average their gap away.
    bin_index = np.where(has_score, np.minimum((confidence * BINS).astype(int), BINS - 1), BINS)
    gaps = confidence - right
    value = float(_errors(bin_index[None, :], gaps[None, :])[0])
    rows = np.random.default_rng(seed).integers(0, len(gaps), (RESAMPLES, len(gaps)))
    spread = 1.959964 * float(_errors(bin_index[rows], gaps[rows]).std(ddof=1))
    measure = Measure(value=value, low=max(0.0, value - spread), high=min(1.0, value + spread), n=len(gaps))
    return measure, _table(confidence[has_score], right[has_score])


def _score(response: Response) -> float | None:
    if response.error is not None or not response.candidates:
        return None
    return response.candidates[0].score


def _errors(bin_index: np.ndarray, gaps: np.ndarray) -> np.ndarray:
    """Compute the expected calibration error of each bootstrap resample.

    It is the absolute sum of the gaps in a bin, summed over the bins and divided by the number of rows.

    Args:
        bin_index: The bin of each row, shape (resamples, rows).
        gaps: Confidence minus grade of each row, in the same shape.

    Returns:
        One error per resample.
    """
    import numpy as np

    resamples, n = bin_index.shape
    cells = (bin_index + (BINS + 1) * np.arange(resamples)[:, None]).ravel()
    sums = np.bincount(cells, weights=gaps.ravel(), minlength=resamples * (BINS + 1))
    errors: np.ndarray = np.abs(sums.reshape(resamples, BINS + 1)).sum(axis=1) / n
    return errors


def _table(confidence: np.ndarray, right: np.ndarray) -> pd.DataFrame:
    import numpy as np
    import pandas as pd

    bin_index = np.minimum((confidence * BINS).astype(int), BINS - 1)
    n = np.bincount(bin_index, minlength=BINS)
    counts = np.where(n > 0, n, np.nan)
    return pd.DataFrame(
        {
            "low": np.arange(BINS) / BINS,
            "high": (np.arange(BINS) + 1) / BINS,
            "n": n,
            "confidence": np.bincount(bin_index, weights=confidence, minlength=BINS) / counts,
            "right": np.bincount(bin_index, weights=right, minlength=BINS) / counts,
        }
    )
