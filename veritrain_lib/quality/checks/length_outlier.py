"""A text far longer or shorter than the others of its field."""

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
"""Texts below which there is no usual length."""

NORMAL = 1.4826
"""Makes a median absolute deviation the standard deviation of a normal distribution."""

LEAST_SPREAD = 0.25
"""Standard deviation of the logarithm that is assumed at least: texts of one form are no reason to reject others."""


def check(
    rows: pd.DataFrame, context: Context, *, deviations: Annotated[float, Field(gt=0)] = 6.0
) -> pd.Series[str]:
    """`length_outlier:<field>=<characters>` where the logarithm of a text's length is more than `deviations` robust
    standard deviations from the median.

    Input fields and a target of text are looked at; trusted rows, and the judged ones, say what is usual. The median
    and the median absolute deviation are not moved by the outliers themselves (F. R. Hampel 1974, JASA 69:383-393).
    Rows of each direction (`target.direction`) are compared with each other alone: languages differ in length. With
    fewer than 100 texts nothing is rejected; empty texts are left to `empty` and `contract`.
    """
    import numpy as np
    import pandas as pd

    reasons = pd.Series("", index=rows.index, dtype=object)
    trusted = dict(by_direction(context.trusted, context.task)) if len(context.trusted) else {}
    for direction, places in by_direction(rows, context.task):
        known = context.trusted.iloc[trusted.get(direction, [])]
        for name in text_fields(rows, context.task):
            lengths = _lengths(rows.iloc[places], name)
            usual = np.concatenate([_lengths(known, name), lengths]) if len(known) else lengths
            usual = np.log(usual[usual > 0])
            if len(usual) < MINIMUM_TEXTS:
                continue
            spread = max(NORMAL * float(np.median(np.abs(usual - np.median(usual)))), LEAST_SPREAD)
            off = np.abs(np.log(np.maximum(lengths, 1)) - np.median(usual)) > deviations * spread
            for number in np.flatnonzero(off & (lengths > 0)).tolist():
                if reasons.iloc[places[number]] == "":
                    reasons.iloc[places[number]] = f"length_outlier:{name}={lengths[number]}"
    return reasons


def _lengths(rows: pd.DataFrame, name: str) -> np.ndarray:
    return rows[name].fillna("").astype(str).str.strip().str.len().to_numpy()
