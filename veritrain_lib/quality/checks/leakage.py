"""A development or test row among the data: a model trained on it would be measured on what it has seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from veritrain_lib.quality.duplicates.contained_rows import Contained
from veritrain_lib.quality.duplicates.near_duplicates import Matcher
from veritrain_lib.quality.duplicates.slot_templates import slot_swapped
from veritrain_lib.quality.prepared_texts import tokens_in
from veritrain_lib.quality.text.normal_form import joined, normal

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from veritrain_lib.quality.context import Context


def check(
    rows: pd.DataFrame,
    context: Context,
    *,
    near: bool = True,
    contained: bool = True,
    swapped: Literal["all", "none", "test"] = "test",
) -> pd.Series[str]:
    """`leakage:exact_test=<id>` (or `_development`) for a row whose normal form equals that of a held-out row,
    `leakage:near_test=<id>` for one that is a near copy of it or the same words in another order (the test of
    `near_duplicate`), `leakage:contained_test=<id>` for one that holds it whole, with a greeting, an ending, quotation
    marks or other text around it (`contained`), `leakage:swapped_test=<id>` for one that is it with other slot values
    (`slots`), and `leakage:crossed_test=<id>` for a row whose text answer is, exactly or nearly, a held-out input: a
    translation pair turned round.

    A held-out row of ten words (14 characters of a script without spaces) counts wherever it stands; one of four
    (8 characters) only where the end of a sentence, a quotation mark or nothing but courtesy parts it from the rest,
    and not if two more held-out rows hold it: then it is a phrase of everyday talk. Shorter ones are not looked for.

    `near`, `contained`, `swapped`: also look for these, the last among test rows only unless it says `all`. Only inputs
    are compared; answers of test rows are not known here.
    """
    import numpy as np
    import pandas as pd

    reasons = np.full(len(rows), "", dtype=object)
    held_out = {"test": context.test_inputs, "development": context.development}
    for name, frame in held_out.items():
        if len(frame):
            _exact(rows, context, name, frame, reasons)
    inputs = list(context.task.inputs)
    near_copies = Matcher(context.task).held_out
    for how, names in (
        ("near", tuple(held_out) if near else ()),
        ("contained", tuple(held_out) if contained else ()),
        ("swapped", tuple(held_out) if swapped == "all" else (swapped,)),
    ):
        for name in names:
            frame = held_out.get(name, context.test_inputs.iloc[:0])
            if not len(frame):
                continue
            if how == "contained":
                found = Contained(frame, inputs).find(rows)
            else:
                find = near_copies if how == "near" else slot_swapped
                found = find(tokens_in(rows, inputs), tokens_in(frame, inputs))
            _tell(reasons, f"{how}_{name}", frame, found)
    if not context.task.labels:
        _crossed(rows, context, held_out, reasons)
    return pd.Series(reasons, index=rows.index, dtype=object)


def _crossed(
    rows: pd.DataFrame, context: Context, held_out: dict[str, pd.DataFrame], reasons: np.ndarray
) -> None:
    answers = tokens_in(rows, [context.task.target.field])
    for name, frame in held_out.items():
        if len(frame):
            found = Matcher(context.task).held_out(answers, tokens_in(frame, list(context.task.inputs)))
            _tell(reasons, f"crossed_{name}", frame, found)


def _tell(reasons: np.ndarray, what: str, frame: pd.DataFrame, found: np.ndarray) -> None:
    """Give each row without a reason the held-out row that was found for it."""
    import numpy as np

    owners = frame["id"].astype(str).tolist()
    for place in np.flatnonzero((found >= 0) & (reasons == "")).tolist():
        reasons[place] = f"leakage:{what}={owners[found[place]]}"


def _exact(rows: pd.DataFrame, context: Context, name: str, frame: pd.DataFrame, reasons: np.ndarray) -> None:
    import numpy as np

    inputs = list(context.task.inputs)
    known = {normal(text): str(one) for text, one in zip(joined(frame, inputs), frame["id"], strict=True)}
    # Hashes first: only what agrees is looked at as text.
    alike = np.flatnonzero(np.isin(tokens_in(rows, inputs).forms, tokens_in(frame, inputs).forms))
    for place, text in zip(alike.tolist(), joined(rows.iloc[alike], inputs), strict=True):
        form = normal(text)
        if form and not reasons[place] and form in known:
            reasons[place] = f"leakage:exact_{name}={known[form]}"
