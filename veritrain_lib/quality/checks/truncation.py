"""Gate check for truncated texts: cut off by the length limit of a field or of a model, or by mistake."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from veritrain_lib.quality.text.text_fields import text_fields
from veritrain_lib.quality.text.truncation_model import (
    MINIMUM_TEXTS,
    TruncationModel,
    truncation_probabilities,
)

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.quality.context import Context


def check(
    rows: pd.DataFrame,
    context: Context,
    *,
    odds: Annotated[float, Field(ge=1)] = 20.0,
    certainty: Annotated[float, Field(gt=0, lt=1)] = 0.5,
) -> pd.Series[str]:
    """Flag rows whose text ends in the way that truncated texts end.

    Reason: `truncation:<field>`. Input fields and a free-text target are checked. The share of truncated rows is
    estimated from all rows, so that hardly any row is rejected if none is truncated (0 of 6,000 of CLINC150, whose
    requests end without a full stop). The model is trained on accepted, development and judged rows together; with
    fewer than 3,000 different texts nothing is rejected.

    Args:
        rows: Rows to check.
        context: Task and reference data.
        odds: Number of times that a text's end must be likelier in a truncated than in a complete text.
        certainty: Probability (0 to 1) of truncation from which a text is rejected.

    Returns:
        One reason a row, aligned to `rows.index`; "" for a row that passes.
    """
    import pandas as pd

    reasons = pd.Series("", index=rows.index, dtype=object)
    for name in text_fields(rows, context.task):
        frames = [
            frame for frame in (context.accepted_rows, context.development, rows) if name in frame.columns
        ]
        texts = (
            text for frame in frames for text in frame[name].fillna("").astype(str).tolist() if text.strip()
        )
        distinct_texts = list(dict.fromkeys(texts))
        if len(distinct_texts) < MINIMUM_TEXTS:
            continue
        truncation_odds = TruncationModel(distinct_texts, context.seed).odds(
            rows[name].fillna("").astype(str).tolist()
        )
        truncated = (truncation_odds >= odds) & (truncation_probabilities(truncation_odds) >= certainty)
        reasons[truncated & (reasons == "").to_numpy()] = f"truncation:{name}"
    return reasons
