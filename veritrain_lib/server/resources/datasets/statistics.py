"""Statistics of a dataset's texts: average length, share of short texts, and share of rows that mix scripts."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from veritrain_lib.server.resources.datasets.schemas import DatasetOverview
from veritrain_lib.server.tasks import task_of_run
from veritrain_lib.tracking.datasets import PREFIX

if TYPE_CHECKING:
    from veritrain_lib.tracking.entities import Run

SAMPLE_ROWS = 20_000
"""Number of rows that are sampled from a longer dataset.

A share that is measured on them differs from the true one by at most 0.7 percentage points (95 % confidence).
"""

SHORT_TEXT_LENGTH = {"words": 4, "characters": 10}
"""Maximum length of a short text, by unit."""


def dataset_overview(run: Run) -> DatasetOverview:
    """Return the text statistics of the dataset that an MLflow run made."""
    inputs = tuple(task_of_run(run).inputs)
    return _overview(run.info.run_id, int(run.data.tags.get(f"{PREFIX}rows", 0)), inputs)


@lru_cache(maxsize=512)
def _overview(run_id: str, row_count: int, inputs: tuple[str, ...]) -> DatasetOverview:
    """Return the text statistics of a dataset, from a cache.

    Args:
        run_id: Id of the MLflow run that made the dataset.
        row_count: Number of its rows.
        inputs: Names of the task's input columns.
    """
    from veritrain_lib.quality.scripts import is_mixed
    from veritrain_lib.quality.text.normal_form import unspaced
    from veritrain_lib.tracking import datasets

    dataset = datasets.of_run(run_id)
    assert dataset is not None
    rows = (
        dataset.rows if len(dataset.rows) <= SAMPLE_ROWS else dataset.rows.sample(SAMPLE_ROWS, random_state=0)
    )
    columns = [rows[name].fillna("").astype(str).tolist() for name in inputs if name in rows.columns]
    texts = [text for column in columns for text in column if text.strip()]
    unspaced_script = sum(map(unspaced, texts[:1000])) * 2 > len(texts[:1000])
    lengths = [len(text.replace(" ", "")) if unspaced_script else len(text.split()) for text in texts]
    unit: Literal["words", "characters"] = "characters" if unspaced_script else "words"
    mixed_rows = sum(any(map(is_mixed, values)) for values in zip(*columns, strict=True))
    return DatasetOverview(
        total_count=row_count,
        avg_sentence_length=round(sum(lengths) / len(lengths), 2) if lengths else 0.0,
        sentence_unit=unit,
        short_sentence_ratio=round(
            sum(length <= SHORT_TEXT_LENGTH[unit] for length in lengths) / len(lengths), 4
        )
        if lengths
        else 0.0,
        short_sentence_length=SHORT_TEXT_LENGTH[unit],
        code_switch_ratio=round(mixed_rows / len(rows), 4) if len(rows) else 0.0,
    )
