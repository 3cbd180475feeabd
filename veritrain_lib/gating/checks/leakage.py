"""A development or test row among the data: a model trained on it would be measured on what it has seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from veritrain_lib.gating.likeness import Matcher
from veritrain_lib.gating.texts import FIELD_END, joined, normal

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.gating.context import Context


def check(rows: pd.DataFrame, context: Context, *, near: bool = True) -> pd.Series[str]:
    """`leakage:exact_test=<id>` (or `_development`) for a row whose normal form equals that of a held-out row,
    `leakage:near_test=<id>` for one that is a near copy of it (the test of `near_duplicate`).

    `near`: also look for near copies. Only inputs are compared; answers of test rows are not known here.
    """
    import pandas as pd

    inputs = list(context.task.inputs)
    texts = [normal(text) for text in joined(rows, inputs)]
    reasons = [""] * len(rows)
    held_out = {"test": context.test_inputs, "development": context.development}
    for name, frame in held_out.items():
        if not len(frame):
            continue
        known = dict(
            zip((normal(text) for text in joined(frame, inputs)), frame["id"].astype(str), strict=True)
        )
        for number, text in enumerate(texts):
            if not reasons[number] and text in known and text.strip(FIELD_END + " "):
                reasons[number] = f"leakage:exact_{name}={known[text]}"
    if near:
        _near(rows, context, held_out, reasons)
    return pd.Series(reasons, index=rows.index, dtype=object)


def _near(
    rows: pd.DataFrame, context: Context, held_out: dict[str, pd.DataFrame], reasons: list[str]
) -> None:
    inputs = list(context.task.inputs)
    matcher = Matcher(context.task)
    owners = [(name, str(one)) for name, frame in held_out.items() if len(frame) for one in frame["id"]]
    reference = [text for frame in held_out.values() if len(frame) for text in joined(frame, inputs)]
    for number, match in enumerate(matcher.copies_in(joined(rows, inputs), reference)):
        if match is not None and not reasons[number]:
            name, owner = owners[match]
            reasons[number] = f"leakage:near_{name}={owner}"
