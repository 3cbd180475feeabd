"""Gate check for new rows that repeat development or test rows.

A model trained on such rows would be evaluated on rows that it has seen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from veritrain_lib.quality.duplicates.contained_rows import ContainedRowFinder
from veritrain_lib.quality.duplicates.near_duplicates import NearDuplicateMatcher
from veritrain_lib.quality.duplicates.slot_templates import slot_swapped
from veritrain_lib.quality.prepared_texts import tokens_in
from veritrain_lib.quality.text.normal_form import joined, normal

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from veritrain_lib.core.task import Task
    from veritrain_lib.quality.context import Context


def check(
    rows: pd.DataFrame,
    context: Context,
    *,
    near: bool = True,
    contained: bool = True,
    swapped: Literal["all", "none", "test"] = "test",
) -> pd.Series[str]:
    """Flag rows that duplicate a development or test row.

    Reasons, each also with `_development` instead of `_test`; a held-out row is a row of either set:

    - `leakage:exact_test=<id>`: the row has the same normal form as a held-out row.
    - `leakage:near_test=<id>`: it is a near duplicate, or the same words in another order (the test of
      `near_duplicate`).
    - `leakage:contained_test=<id>`: it contains a held-out row, with a greeting, an ending, quotation marks or other
      text around it.
    - `leakage:swapped_test=<id>`: it is a held-out row with other slot values.
    - `leakage:crossed_test=<id>`: its free-text answer is, exactly or nearly, a held-out input: a reversed translation
      pair.

    A held-out row of ten words (14 characters of a script without spaces) counts wherever it is contained. One of four
    words (8 characters) counts only if the end of a sentence, a quotation mark or nothing but courtesy separates it
    from the rest, and if at most one more held-out row contains it: otherwise it is a stock phrase. Shorter ones are
    not searched for. Only inputs are compared; the answers of test rows are not known here.

    Args:
        rows: Rows to check.
        context: Task and reference data.
        near: Whether near duplicates are searched for, too.
        contained: Whether contained rows are searched for, too.
        swapped: Held-out rows whose slot swaps are searched for: `test`, `all` or `none`.

    Returns:
        One reason a row, aligned to `rows.index`; "" for a row that passes.
    """
    import numpy as np
    import pandas as pd

    reasons = np.full(len(rows), "", dtype=object)
    held_out = {"test": context.test_inputs, "development": context.development}
    for name, frame in held_out.items():
        if len(frame):
            _exact(rows, context, name, frame, reasons)
    for kind, names in (
        ("near", tuple(held_out) if near else ()),
        ("contained", tuple(held_out) if contained else ()),
        ("swapped", tuple(held_out) if swapped == "all" else (swapped,)),
    ):
        for name in names:
            frame = held_out.get(name, context.test_inputs.iloc[:0])
            if len(frame):
                _set_reasons(reasons, f"{kind}_{name}", frame, _matches(kind, rows, frame, context.task))
    if not context.task.labels:
        _crossed(rows, context, held_out, reasons)
    return pd.Series(reasons, index=rows.index, dtype=object)


def _matches(kind: str, rows: pd.DataFrame, frame: pd.DataFrame, task: Task) -> np.ndarray:
    """Return the position of the held-out row that each row matches, or -1 for no match.

    Args:
        kind: Kind of match: `near`, `contained` or `swapped`.
        rows: Rows to check.
        frame: The held-out rows.
        task: The task.
    """
    inputs = list(task.inputs)
    if kind == "contained":
        return ContainedRowFinder(frame, inputs).find(rows)
    matcher = NearDuplicateMatcher(task).held_out if kind == "near" else slot_swapped
    return matcher(tokens_in(rows, inputs), tokens_in(frame, inputs))


def _crossed(
    rows: pd.DataFrame, context: Context, held_out: dict[str, pd.DataFrame], reasons: np.ndarray
) -> None:
    answers = tokens_in(rows, [context.task.target.field])
    for name, frame in held_out.items():
        if len(frame):
            matches = NearDuplicateMatcher(context.task).held_out(
                answers, tokens_in(frame, list(context.task.inputs))
            )
            _set_reasons(reasons, f"crossed_{name}", frame, matches)


def _set_reasons(reasons: np.ndarray, kind: str, frame: pd.DataFrame, matches: np.ndarray) -> None:
    """Set a reason for each row that matches a held-out row and has no reason yet, in place.

    Args:
        reasons: Reasons of the rows so far, "" for none; changed.
        kind: Kind of the reason, such as `near_test`.
        frame: The held-out rows.
        matches: Position of the matched held-out row for each row, -1 for none.
    """
    import numpy as np

    ids = frame["id"].astype(str).tolist()
    for position in np.flatnonzero((matches >= 0) & (reasons == "")).tolist():
        reasons[position] = f"leakage:{kind}={ids[matches[position]]}"


def _exact(rows: pd.DataFrame, context: Context, name: str, frame: pd.DataFrame, reasons: np.ndarray) -> None:
    import numpy as np

    inputs = list(context.task.inputs)
    ids_by_form = {
        normal(text): str(row_id) for text, row_id in zip(joined(frame, inputs), frame["id"], strict=True)
    }
    # Hashes first: only rows with equal hashes are compared as text.
    candidates = np.flatnonzero(
        np.isin(tokens_in(rows, inputs).form_hashes, tokens_in(frame, inputs).form_hashes)
    )
    for position, text in zip(candidates.tolist(), joined(rows.iloc[candidates], inputs), strict=True):
        form = normal(text)
        if form and not reasons[position] and form in ids_by_form:
            reasons[position] = f"leakage:exact_{name}={ids_by_form[form]}"
