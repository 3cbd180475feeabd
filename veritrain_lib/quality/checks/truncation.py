"""A text that stops in the middle: cut by a field's limit, by a model's, or by a slip."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from veritrain_lib.quality.text.text_fields import text_fields
from veritrain_lib.quality.text.truncation_model import MINIMUM_TEXTS, Endings, chances

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
    """`truncation:<field>` for a row whose text ends as cut texts do, unlike the others of its field.

    Input fields and a target of text are looked at. A text is rejected when a cut end is at least `odds` times likelier
    than a whole one, and the probability that it is cut reaches `certainty` (0 to 1): how many of the rows are cut is
    estimated from all of them, so that of rows none of which is cut hardly any is taken (none of 6,000 of CLINC150, whose
    requests end without a full stop). How texts end is learnt from trusted, development and judged rows together; with
    fewer than 3,000 different ones nothing is rejected.
    """
    import pandas as pd

    reasons = pd.Series("", index=rows.index, dtype=object)
    for name in text_fields(rows, context.task):
        frames = [one for one in (context.trusted, context.development, rows) if name in one.columns]
        texts = (text for one in frames for text in one[name].fillna("").astype(str).tolist() if text.strip())
        whole = list(dict.fromkeys(texts))
        if len(whole) < MINIMUM_TEXTS:
            continue
        found = Endings(whole, context.seed).odds(rows[name].fillna("").astype(str).tolist())
        cut = (found >= odds) & (chances(found) >= certainty)
        reasons[cut & (reasons == "").to_numpy()] = f"truncation:{name}"
    return reasons
