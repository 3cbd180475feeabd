"""A text that stops in the middle: cut by a field's limit, by a model's, or by a slip."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from veritrain_lib.gating.endings import MINIMUM_TEXTS, Endings
from veritrain_lib.gating.text_fields import text_fields

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.gating.context import Context


def check(
    rows: pd.DataFrame, context: Context, *, odds: Annotated[float, Field(ge=1)] = 70.0
) -> pd.Series[str]:
    """`truncation:<field>` for a row whose text ends as cut texts do, unlike the others of its field.

    Input fields and a target of text are looked at. `odds` is how many times likelier a cut end must be than a whole
    one; 70 takes about 0.2 % of whole texts on CLINC150, whose requests end without a full stop, and hardly any where
    texts end with one. How texts end is learnt from trusted, development and judged rows together; with fewer than
    3,000 different ones nothing is rejected.
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
        reasons[(found >= odds) & (reasons == "").to_numpy()] = f"truncation:{name}"
    return reasons
