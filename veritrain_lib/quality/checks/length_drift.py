"""Check for texts that have become longer or shorter than those of the seed rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from veritrain_lib.quality.dataset_metric import DatasetMetric, not_measured, reference_rows
from veritrain_lib.quality.distances import kolmogorov
from veritrain_lib.quality.text.normal_form import unspaced
from veritrain_lib.quality.translation.directions import by_direction

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.task import Task
    from veritrain_lib.quality.context import Context


def check(
    rows: pd.DataFrame, context: Context, *, sample: Annotated[int, Field(ge=100)] = 20_000
) -> DatasetMetric:
    """Measure the drift of text lengths from the seed rows.

    The metric is the Kolmogorov-Smirnov statistic of lengths, 0 (the same) to 1, of the field that differs most; the note has
    each field's medians. Lengths are in words, of texts in a script without spaces in characters; with `target.direction` each
    direction is measured by itself. Input fields count, and an answer that is free text. The rows that the row checks leave
    are compared with people's accepted rows, with development rows while there are none.

    Args:
        rows: Rows to check.
        context: Task and reference data.
        sample: Rows measured at most, drawn with the context's seed.

    Returns:
        The metric with its 95 % interval and a note.
    """
    reference = reference_rows(context)
    distances: dict[str, tuple[float, float, float]] = {}
    medians = []
    ours, theirs = subsample(rows, sample, context.seed), subsample(reference, sample, context.seed)
    reference_by_direction = dict(by_direction(theirs, context.task))
    for direction, positions in by_direction(ours, context.task):
        if direction not in reference_by_direction:
            continue
        sides = ours.iloc[positions], theirs.iloc[reference_by_direction[direction]]
        for name in text_fields(context.task):
            if name not in reference.columns:
                continue
            our_lengths, their_lengths = (
                [length(text) for text in side[name].fillna("").astype(str)] for side in sides
            )
            if our_lengths and their_lengths:
                field_name = f"{name} ({direction})" if direction else name
                distances[field_name] = kolmogorov(our_lengths, their_lengths, context.seed)
                median_pair = [sorted(side)[len(side) // 2] for side in (our_lengths, their_lengths)]
                medians.append(f"{field_name} {median_pair[0]} here, {median_pair[1]} there")
    if not distances:
        return not_measured("there are no texts to compare on both sides")
    worst = max(distances, key=lambda name: distances[name][1])
    return DatasetMetric(*distances[worst], len(ours), f"median length: {'; '.join(medians)}")


def length(text: str) -> int:
    """Return the length of a text.

    Args:
        text: The text.

    Returns:
        Number of words; of characters where its script has no spaces between words.
    """
    return len(text.replace(" ", "")) if unspaced(text) else len(text.split())


def text_fields(task: Task) -> list[str]:
    """Return the fields that hold running text.

    Args:
        task: The task.

    Returns:
        Every input field, and the target where it is no label.
    """
    return [*task.inputs, *([] if task.labels else [task.target.field])]


def subsample(rows: pd.DataFrame, count: int, seed: int) -> pd.DataFrame:
    """Draw rows at random.

    Args:
        rows: The rows.
        count: Rows to draw at most.
        seed: Seed of the draw.

    Returns:
        All rows when there are no more than `count`.
    """
    return rows if len(rows) <= count else rows.sample(count, random_state=seed)
