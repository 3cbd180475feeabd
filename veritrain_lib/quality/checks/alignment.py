"""A translation that is not one of its source: another row's, a copy of the source, other numbers or placeholders.

A lexicon is learnt from the pairs themselves, trusted ones first (`quality/translation/lexicon.py`, `quality/translation/alignment_classifier.py`): it needs
no dictionary and holds for any two languages. On Tanaka (Japanese to English) with a tenth of the pairs shuffled it
finds 93 % of them at 1.5 % of right pairs (`make bench-gate`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from veritrain_lib.core.errors import UserError
from veritrain_lib.quality.translation.alignment_classifier import doubts
from veritrain_lib.quality.translation.translation_checks import sign_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from veritrain_lib.core.task import Task
    from veritrain_lib.quality.context import Context


def unfit(task: Task) -> str:
    """Why the check can't judge a task's rows, "" when it can."""
    if task.labels:
        return "it compares a text with its translation, and the answers of this task are labels"
    try:
        fields(task)
    except UserError as error:
        return str(error)
    return ""


def check(
    rows: pd.DataFrame,
    context: Context,
    *,
    certainty: Annotated[float, Field(gt=0, lt=1)] = 0.3,
    expected: Annotated[float, Field(gt=0, lt=1)] = 0.05,
) -> pd.Series[str]:
    """`alignment:source_in_target` where the target is the source or a piece of it, `alignment:placeholders` and
    `alignment:numbers` where these differ, `alignment:other_text=<probability>` where source and target hardly go
    together.

    A pair is rejected when the probability that it is wrong reaches `certainty` (0 to 1): a share of `expected`
    (0 to 1) wrong pairs is assumed at least, more when the pairs look like more. The lexicon needs 200 pairs, trusted
    ones and judged ones together; with fewer only the other signs are looked at. Rows without source or target are
    left to `contract`.

    In a task whose rows go both ways (`target.direction`) each row is looked at in its own direction, and all of them
    teach one lexicon.

    Raises UserError when the task has no language for its target or none for an input field, and no direction.
    """
    import numpy as np
    import pandas as pd

    source, target = fields(context.task)
    reasons = pd.Series("", index=rows.index, dtype=object)
    left, right = (rows[name].fillna("").astype(str) for name in (source, target))
    there = ((left.str.strip() != "") & (right.str.strip() != "")).to_numpy()
    known = context.trusted
    ways = _languages(rows, context.task)
    signs = [
        sign_of(one, other, way) if both else ""
        for one, other, way, both in zip(left, right, ways, there, strict=True)
    ]
    sources, targets = _one_way(
        left[there], right[there], [way for way, both in zip(ways, there, strict=True) if both]
    )
    if len(known):
        before = _one_way(
            known[source].astype(str), known[target].astype(str), _languages(known, context.task)
        )
        sources, targets = before[0] + sources, before[1] + targets
    trusted = np.arange(len(sources)) < len(known)
    doubt = np.zeros(len(rows))
    doubt[there] = doubts(sources, targets, trusted, expected=expected, seed=context.seed)[len(known) :]
    for number, (sign, wrong) in enumerate(zip(signs, doubt, strict=True)):
        if sign:
            reasons.iloc[number] = f"alignment:{sign}"
        elif wrong >= certainty:
            reasons.iloc[number] = f"alignment:other_text={wrong:.2f}"
    return reasons


def _languages(rows: pd.DataFrame, task: Task) -> list[tuple[str, str]]:
    """The languages of source and target of each row, as its direction or the task says."""
    column = task.target.direction
    turns = rows[column].tolist() if column and column in rows.columns else [None] * len(rows)
    known = {turn: tuple(map(str, task.languages_of(turn))) for turn in dict.fromkeys(turns)}
    return [(known[turn][0], known[turn][1]) for turn in turns]


def _one_way(
    sources: Iterable[str], targets: Iterable[str], ways: Iterable[tuple[str, str]]
) -> tuple[list[str], list[str]]:
    """The texts of both sides with those of one language on one side, so that pairs of both directions teach one
    lexicon."""
    pairs = [
        (one, other) if way[0] <= way[1] else (other, one)
        for one, other, way in zip(sources, targets, ways, strict=True)
    ]
    return [one for one, _ in pairs], [other for _, other in pairs]


def fields(task: Task) -> tuple[str, str]:
    """The input field that is translated (the first with a language; with a direction the first) and the field with its
    translation.

    Raises UserError when a language is not declared, and no direction that says it.
    """
    if task.target.direction:
        return next(iter(task.inputs)), task.target.field
    source = next((name for name, field in task.inputs.items() if field.language), None)
    if source is None or task.target.language is None:
        raise UserError(
            "alignment compares a text with its translation: declare `language` for an input field and for the "
            "target (or `target.direction`), or take the rule out of the suite"
        )
    return source, task.target.field
