"""Texts that have become longer or shorter than the seed rows'."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from veritrain_lib.quality.dataset_metric import Measured, nothing_measured, reference_rows
from veritrain_lib.quality.distances import kolmogorov
from veritrain_lib.quality.text.normal_form import unspaced
from veritrain_lib.quality.translation.directions import by_direction

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.task import Task
    from veritrain_lib.quality.context import Context


def check(
    rows: pd.DataFrame, context: Context, *, sample: Annotated[int, Field(ge=100)] = 20_000
) -> Measured:
    """The largest gap between the cumulative shares of lengths here and in the seed rows (Kolmogorov and Smirnov).

    0 (the same lengths) to 1, of the field that is farthest; the note tells each field's medians. Lengths are in
    words, of texts in a script without spaces in characters; with `target.direction` each direction is measured by
    itself. Input fields count, and an answer that is free text.
    At most `sample` rows are measured, chosen by the context's seed. Compared with people's trusted rows, with
    development rows while none is trusted; only rows that the row checks leave count.
    """
    reference = reference_rows(context)
    found: dict[str, tuple[float, float, float]] = {}
    medians = []
    ours, theirs = drawn(rows, sample, context.seed), drawn(reference, sample, context.seed)
    before = dict(by_direction(theirs, context.task))
    for direction, places in by_direction(ours, context.task):
        if direction not in before:
            continue
        sides = ours.iloc[places], theirs.iloc[before[direction]]
        for name in text_fields(context.task):
            if name not in reference.columns:
                continue
            here, there = ([length(text) for text in side[name].fillna("").astype(str)] for side in sides)
            if here and there:
                shown = f"{name} ({direction})" if direction else name
                found[shown] = kolmogorov(here, there, context.seed)
                middle = [sorted(side)[len(side) // 2] for side in (here, there)]
                medians.append(f"{shown} {middle[0]} here, {middle[1]} there")
    if not found:
        return nothing_measured("there are no texts to compare on both sides")
    worst = max(found, key=lambda name: found[name][1])
    return Measured(*found[worst], len(ours), f"median length: {'; '.join(medians)}")


def length(text: str) -> int:
    """Words of a text; characters where its script has no spaces between words."""
    return len(text.replace(" ", "")) if unspaced(text) else len(text.split())


def text_fields(task: Task) -> list[str]:
    """The fields that hold running text: every input, and the answer where it is no label."""
    return [*task.inputs, *([] if task.labels else [task.target.field])]


def drawn(rows: pd.DataFrame, count: int, seed: int) -> pd.DataFrame:
    """All rows, or `count` of them drawn from `seed`."""
    return rows if len(rows) <= count else rows.sample(count, random_state=seed)
