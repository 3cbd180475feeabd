"""Measurement, for a report, of the effect that each batch of added training rows had on the model.

A batch is the rows that one gate run accepted. Open this to see when the measurement is left out, and which random pool
rows a batch is compared with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from veritrain_lib.stages.gate.inputs import context, suite_of
from veritrain_lib.stages.inputs import sources
from veritrain_lib.stages.inputs.students import quick_trainer
from veritrain_lib.stages.record import batches
from veritrain_lib.stages.report.batch_table import MAX_WORK, empty_batches, measure_batches, work_of
from veritrain_lib.tracking import datasets, runs

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from veritrain_lib.core.records import Dataset
    from veritrain_lib.core.task import Task
    from veritrain_lib.stages.record.history import Round

CANDIDATES = 2
"""Random pool rows drawn for each row of the largest batch: 2, because the gate's rules reject some of them."""


def effects_of(
    task: Task, rounds: list[Round], stages: Mapping[str, str], seed: int
) -> tuple[pd.DataFrame | None, str]:
    """Measure the effect on the model of each batch of rows in the training data that a report is about.

    Args:
        task: The task.
        rounds: The rounds up to the one that the report is about.
        stages: The ids of the MLflow runs of the reported stages, by stage name.
        seed: Random seed of the trainings, of the draw of random pool rows, and of the bootstrap.

    Returns:
        The table of `measure_batches` and an empty text; or None and a sentence that says why nothing was measured.
        That sentence is empty too for tasks without labels and reports without a training.
    """
    reference = (
        runs.get(stages["train"]).data.tags.get("veritrain.input.dataset") if "train" in stages else None
    )
    if not task.labels or not reference:
        return None, ""
    dataset = datasets.load(task, reference)
    ancestors = batches.lineage(task, dataset)
    added = batches.batches_of(ancestors)
    if not added:
        return empty_batches(), ""
    work = work_of(task, len(dataset.rows), len(added))
    if work > MAX_WORK:
        return None, (
            f"The effect of each batch was not measured: up to {3 * len(added) + 2} trainings on {len(dataset.rows)} rows of "
            f"{len(task.labels)} labels are more than a report spends ({work:.1e} rows times labels, limit {MAX_WORK:.0e})."
        )
    trainer = quick_trainer(task)
    development = sources.development_rows(task)
    numbers = {round_.stages["gate"]: round_.number for round_ in rounds if "gate" in round_.stages}
    made_in = {
        entry.reference: numbers[entry.made_by]
        for entry in ancestors
        if entry.made_by and entry.made_by in numbers
    }
    table = measure_batches(
        task,
        lambda rows: trainer.train(task, rows, seed=seed).model,
        dataset.rows,
        added,
        development,
        rounds=made_in,
        random_rows=_random_rows(task, ancestors, max(map(len, added.values())), seed),
        seed=seed,
    )
    return table, ""


def _random_rows(task: Task, ancestors: list[Dataset], count: int, seed: int) -> pd.DataFrame | None:
    """Draw random pool rows with an answer, as a baseline that batches of rows are compared with.

    Rows that a round was ever offered are left out, and so are rows that fail one of the gate's rules that need no
    answer. The answers are used for this comparison only: the rows go into no dataset and influence no choice.

    Args:
        task: The task.
        ancestors: The training dataset and its ancestors, the newest first, see `batches.lineage`.
        count: The number of rows in the largest batch.
        seed: Random seed of the draw.

    Returns:
        Up to twice as many rows as the largest batch has; None if the task has no pool or the pool has too few such
        rows.
    """
    from veritrain_lib.quality.gate import screen

    if task.file("pool") is None:
        return None
    pool = sources.pool_answers(task)
    offered = batches.offered_ids(ancestors)
    free = pool[(pool[task.target.field] != "") & ~pool["id"].isin(offered)].drop_duplicates("id")
    if len(free) < count:
        return None
    drawn = free.sample(min(len(free), CANDIDATES * count), random_state=seed)
    reasons = screen(drawn, context(task, ancestors[0].rows, seed), suite_of(task))
    return drawn[(reasons == "").to_numpy()].reset_index(drop=True)
