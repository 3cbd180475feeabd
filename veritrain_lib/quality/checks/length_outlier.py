"""Gate check for texts far longer or shorter than the others of their field."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from veritrain_lib.quality.text.text_fields import text_fields
from veritrain_lib.quality.translation.directions import by_direction

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from veritrain_lib.quality.context import Context

MINIMUM_TEXTS = 100
"""Number of texts that a field needs for its usual length to be known; with fewer nothing is rejected."""

MAD_TO_SIGMA = 1.4826
"""Factor that turns a median absolute deviation into the standard deviation of a normal distribution."""

MINIMUM_SPREAD = 0.25
"""Smallest standard deviation of the logarithm of the length that is assumed.

Without it, texts of nearly equal length would make every other text an outlier.
"""


def check(
    rows: pd.DataFrame, context: Context, *, deviations: Annotated[float, Field(gt=0)] = 6.0
) -> pd.Series[str]:
    """Flag rows with a text far longer or shorter than the others.

    Reason: `length_outlier:<field>=<characters>`. Input fields and a free-text target are checked; the usual length is
    that of accepted and judged rows together. The median and the median absolute deviation are robust to the outliers
    themselves (F. R. Hampel 1974, JASA 69:383-393). Rows of each translation direction (`target.direction`) are
    compared only with each other, because languages differ in length. With fewer than 100 texts nothing is rejected.
    Empty texts get no reason here; the checks `empty` and `contract` flag them.

    Args:
        rows: Rows to check.
        context: Task and reference data.
        deviations: Distance from the median above which a text is rejected, in robust standard deviations of the
            logarithm of the length.

    Returns:
        One reason a row, aligned to `rows.index`; "" for a row that passes.
    """
    import numpy as np
    import pandas as pd

    reasons = pd.Series("", index=rows.index, dtype=object)
    accepted_by_direction = (
        dict(by_direction(context.accepted_rows, context.task)) if len(context.accepted_rows) else {}
    )
    for direction, positions in by_direction(rows, context.task):
        accepted = context.accepted_rows.iloc[accepted_by_direction.get(direction, [])]
        for name in text_fields(rows, context.task):
            lengths = _lengths(rows.iloc[positions], name)
            reference = np.concatenate([_lengths(accepted, name), lengths]) if len(accepted) else lengths
            reference = np.log(reference[reference > 0])
            if len(reference) < MINIMUM_TEXTS:
                continue
            spread = max(
                MAD_TO_SIGMA * float(np.median(np.abs(reference - np.median(reference)))), MINIMUM_SPREAD
            )
            is_outlier = np.abs(np.log(np.maximum(lengths, 1)) - np.median(reference)) > deviations * spread
            for number in np.flatnonzero(is_outlier & (lengths > 0)).tolist():
                if reasons.iloc[positions[number]] == "":
                    reasons.iloc[positions[number]] = f"length_outlier:{name}={lengths[number]}"
    return reasons


def _lengths(rows: pd.DataFrame, name: str) -> np.ndarray:
    return rows[name].fillna("").astype(str).str.strip().str.len().to_numpy()
