"""Gate check for texts that are longer or shorter than those of the seed rows (accepted rows that people wrote)."""

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
    """Measure how far the lengths of new texts are from those of the seed rows.

    The metric is the Kolmogorov-Smirnov statistic of the lengths, 0 (the same) to 1, of the field that differs most;
    the note has the medians of each field. Lengths are in words, or in characters for scripts without spaces. With
    `target.direction` each translation direction is measured separately. Input fields and a free-text answer are
    measured. The rows that no row check rejected are compared with the seed rows: accepted rows that people wrote, or
    the development rows as long as there are none.

    Args:
        rows: Rows to check.
        context: Task and reference data.
        sample: Largest number of rows of each side that are measured, drawn with the context's seed.

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
    """Return the length of a text: its number of words, or of characters if its script has no spaces between words.

    Args:
        text: The text.
    """
    return len(text.replace(" ", "")) if unspaced(text) else len(text.split())


def text_fields(task: Task) -> list[str]:
    """Return the fields of a task that hold running text: every input field, and the target unless it is a label.

    Args:
        task: The task.
    """
    return [*task.inputs, *([] if task.labels else [task.target.field])]


def subsample(rows: pd.DataFrame, count: int, seed: int) -> pd.DataFrame:
    """Return at most `count` rows, drawn at random if there are more.

    Args:
        rows: The rows.
        count: Largest number of rows.
        seed: Seed of the draw.
    """
    return rows if len(rows) <= count else rows.sample(count, random_state=seed)
