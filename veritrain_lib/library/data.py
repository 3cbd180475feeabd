"""Library functions to load a task, open its data, and judge rows by a gate suite. They store nothing in MLflow."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from veritrain_lib.core.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.records import Dataset, Source
    from veritrain_lib.core.task import Task
    from veritrain_lib.stages.gate.result import GateResult

SPLITS = ("seed", "development", "pool")
"""Names of the task's data files that `open_dataset` opens. The held-out test set is not among them.

Its answers are read only by `evaluate(..., look=True)`, which counts the look.
"""


def load_task(task: str | Path = "") -> Task:
    """Load a task and check it as `veritrain check` does.

    Args:
        task: The path of a task file or its folder, the name of a task of this project, or a built-in example
            (`support`, `meetings`). Empty means the task that was used last, or else the first example.

    Raises:
        UserError: when there is no such task, or it has mistakes; the message lists all of them.
    """
    from veritrain_lib.stages.inputs.tasks import task_file_of
    from veritrain_lib.task_check.check import load_checked

    return load_checked(task_file_of(str(task)))


def open_dataset(task: Task, data: str | pd.DataFrame = "seed", *, source: Source = "pool") -> Dataset:
    """Open data as a dataset of a task: rows of one of the task's files, a dataset stored in MLflow, or a DataFrame.

    Args:
        task: The task.
        data: `seed` or `development`; `pool`, without its answers, which stay hidden until a row is chosen;
            `NAME@VERSION` for a dataset stored in MLflow; or a DataFrame with the task's columns.
        source: The source of a DataFrame's rows (`human`, `synthetic` or `pool`), if it has no column `source`. The
            gate never removes rows of source `human`.

    Returns:
        The dataset. Rows that no gate has judged are a draft of version 0.

    Raises:
        UserError: when there is no such dataset, or the rows lack a column.
    """
    from veritrain_lib.stages.inputs import sources
    from veritrain_lib.tracking import datasets

    if not isinstance(data, str):
        return _draft(task, _examples(task, data, source))
    if "@" in data:
        return datasets.load(task, data)
    if data == "seed":
        return _draft(task, sources.seed_rows(task))
    if data == "development":
        return _draft(task, sources.development_rows(task))
    if data == "pool":
        return _draft(task, _pool(task))
    raise UserError(
        f"no dataset {data!r}; allowed: {', '.join(SPLITS)}, NAME@VERSION (such as {task.name}@1), or a data frame"
        + (". The held-out test set is read by evaluate(..., look=True) only" if data == "test" else "")
    )


def gate(
    task: Task, data: str | pd.DataFrame | Dataset = "seed", *, suite: str = "", seed: int = 0
) -> GateResult:
    """Judge rows by a gate suite, and return the verdict with the accepted and the rejected rows.

    Args:
        task: The task.
        data: The rows: a dataset, or what `open_dataset` accepts.
        suite: The name of a suite in `gates/`, or a path; empty means the task's suite.
        seed: Seed of every random choice.

    Returns:
        The verdict; its tables hold the accepted rows, and the quarantine with reasons. `train` accepts it as training
        data.

    Raises:
        UserError: when there is no such dataset, its rows lack a column, the suite can't be used, or a rule asks the
            task's LLM judge, which is paid, so that its calls must be recorded in MLflow.
    """
    from veritrain_lib.stages.gate.inputs import context, suite_of, uses_judge
    from veritrain_lib.stages.gate.run import GateConfig, run
    from veritrain_lib.tracking import datasets

    dataset = as_dataset(task, data)
    rules = suite_of(task, suite)
    if uses_judge(rules):
        raise UserError(
            f"suite {rules.name} asks the task's judge, which is paid and recorded; run: veritrain gate {task.path}"
        )
    seed_dataset = open_dataset(task, "seed")
    if dataset.parent:
        accepted = datasets.load(task, dataset.parent).rows
    else:
        accepted = seed_dataset.rows.iloc[:0] if dataset.digest == seed_dataset.digest else seed_dataset.rows
    return run(GateConfig(suite=suite, seed=seed), dataset.rows, context(task, accepted, seed), rules)


def as_dataset(task: Task, data: str | pd.DataFrame | Dataset) -> Dataset:
    """Return a dataset unchanged, or open other data as a dataset of the task by `open_dataset`.

    Raises:
        UserError: when there is no such dataset, or the rows lack a column.
    """
    from veritrain_lib.core.records import Dataset

    return data if isinstance(data, Dataset) else open_dataset(task, data)


def _draft(task: Task, rows: pd.DataFrame) -> Dataset:
    from veritrain_lib.core.digest import of_rows
    from veritrain_lib.core.records import Dataset

    return Dataset(task.name, 0, "draft", of_rows(rows), rows)


def _pool(task: Task) -> pd.DataFrame:
    from veritrain_lib.core.rows import read_examples

    file = task.file("pool")
    if file is None:
        raise UserError(f"task {task.name} has no pool; set data.pool in {task.path}")
    return read_examples(task, file, "pool", answers=False)


def _examples(task: Task, frame: pd.DataFrame, source: Source) -> pd.DataFrame:
    """Convert a DataFrame to rows with the columns of `core.records`; existing values of these columns are kept.

    Args:
        task: The task.
        frame: The DataFrame, with the task's columns.
        source: The source of the rows if there is no column `source`.
    """
    from veritrain_lib.core.records import RESERVED
    from veritrain_lib.core.rows import as_examples

    texts = frame.astype(object).where(frame.notna(), "").astype(str).reset_index(drop=True)
    rows = as_examples(task, texts, "the data frame", source)
    for name in RESERVED:
        if name != "id" and name in texts.columns:
            rows[name] = texts[name]
    return rows
