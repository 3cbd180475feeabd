"""Harmful batches that the report's table names, and honest ones that it names by mistake: `python -m benchmarks.batches`.

CLINC150. In each trial 30 of its 150 intents are drawn, with 10 starting rows of each, and ten batches of 100 rows: the
least certain rows of the pool under a student of the starting rows, as the loop chooses them. The report's own function
judges them on the intents' 600 validation rows, twice: as they are, and with one batch drawn at random of whose labels
60 % are replaced by a wrong one. The last line is JSON: shares of the trials with their numbers.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from benchmarks.choice import DATA, FILES, task_of
from benchmarks.seeds import by_seed

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from veritrain_lib.core.task import Task

BATCHES = 10
ROWS = 100
"""Rows a batch."""

INTENTS = 30
START = 10
"""Starting rows an intent."""

WRONG = 0.6
"""Share of wrong labels in the poisoned batch."""


def measure_trials(seed: int, data: str, trials: int) -> list[dict[str, Any]]:
    """Run the trials `seed * trials` to `(seed + 1) * trials - 1`: which batches were named, honest and poisoned."""
    return [measure_trial(Path(data), number) for number in range(seed * trials, (seed + 1) * trials)]


def measure_trial(data: Path, number: int) -> dict[str, Any]:
    """Run one trial: the poisoned batch, and the batches named before and after it was poisoned."""
    import numpy as np

    from veritrain_lib.stages.report.batch_table import harmful, measure_batches

    rng = np.random.default_rng(number)
    with tempfile.TemporaryDirectory() as folder:
        task, start, pool, development = _draw(data, Path(folder), rng)
    fit = _remembering(task)
    chosen = _least_certain(fit(start), pool)
    ids = {
        f"b{place}": frozenset(chosen["id"].iloc[place * ROWS : (place + 1) * ROWS])
        for place in range(BATCHES)
    }
    victim = f"b{rng.integers(BATCHES)}"
    named = {}
    for name, rows in (("honest", chosen), ("poisoned", _poisoned(task, chosen, ids[victim], rng))):
        everything = _concat(start, rows)
        named[name] = harmful(measure_batches(task, fit, everything, ids, development, seed=number))
    return {"victim": victim, **named}


def _draw(
    data: Path, folder: Path, rng: np.random.Generator
) -> tuple[Task, pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Draw a task of some intents: its starting rows, its pool in random order, its development rows."""
    from veritrain_lib.core.rows import read_examples, read_table

    training = _concat(read_table(data / "seed.csv"), read_table(data / "pool.csv"))
    labels = sorted(rng.choice(sorted(set(training["label"])), INTENTS, replace=False).tolist())
    training = training[training["label"].isin(labels)].sample(frac=1, random_state=rng)
    start = training.groupby("label").head(START)
    validation = read_table(data / "val.csv")
    parts = {
        "seed": start,
        "pool": training.drop(index=start.index),
        "development": validation[validation["label"].isin(labels)],
    }
    for name, rows in {**parts, "test": parts["development"]}.items():
        rows.to_csv(folder / f"{name}.csv", index=False)
    task = task_of(folder, labels)
    sources: dict[str, Any] = {"seed": "human", "pool": "pool", "development": "human"}
    read = {name: read_examples(task, folder / f"{name}.csv", sources[name]) for name in parts}
    taken = set(read["seed"]["id"])
    pool = read["pool"].drop_duplicates("id")
    return task, read["seed"], pool[~pool["id"].isin(taken)], read["development"]


def _remembering(task: Task) -> Callable[[pd.DataFrame], Any]:
    """Return a function that trains the built-in student, and keeps it for rows that come again."""
    from veritrain_lib.core.digest import of_rows
    from veritrain_lib.trainers.tfidf_svc import TfidfSvc

    trainer, trained = TfidfSvc(), {}

    def fit(rows: pd.DataFrame) -> Any:
        key = of_rows(rows)
        if key not in trained:
            trained[key] = trainer.train(task, rows, seed=0).model
        return trained[key]

    return fit


def _least_certain(student: Any, pool: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of all batches: the least certain of the pool, the least certain first."""
    from veritrain_lib.teachers.selection_strategies import margins

    order = margins(student.scores(pool)).argsort(kind="stable")
    return pool.iloc[order[: BATCHES * ROWS]].reset_index(drop=True)


def _poisoned(
    task: Task, rows: pd.DataFrame, batch: frozenset[str], rng: np.random.Generator
) -> pd.DataFrame:
    """Return the rows with wrong labels in one batch."""
    places = rows.index[rows["id"].isin(batch)].to_numpy()
    wrong = rng.choice(places, round(WRONG * len(places)), replace=False)
    labels = rows["label"].copy()
    for place in wrong:
        labels[place] = rng.choice([label for label in task.labels if label != labels[place]])
    return rows.assign(label=labels)


def _concat(*parts: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    return pd.concat(parts, ignore_index=True)


def summary(trials: list[dict[str, Any]]) -> dict[str, float | int]:
    """Return the shares of the trials that found the poisoned batch, and that named an honest one."""
    n = len(trials)
    return {
        "harmful_batch_found": sum(trial["victim"] in trial["poisoned"] for trial in trials) / n,
        "honest_batch_named": sum(bool(trial["honest"]) for trial in trials) / n,
        "other_batch_named": sum(bool(set(trial["poisoned"]) - {trial["victim"]}) for trial in trials) / n,
        "trials": n,
    }


def harmful_batch_found(
    trials: int = 100, data: Path = DATA, say: Callable[[str], None] = lambda line: None
) -> dict[str, float | int]:
    """Measure how often a poisoned batch among ten is named, and an honest one by mistake.

    Args:
        trials: Repetitions, a multiple of 4.
        data: Folder of CLINC150's CSV files.
        say: Called when a quarter of the trials is done.

    Returns:
        `harmful_batch_found`, `honest_batch_named` (any of ten honest batches), `other_batch_named` (any honest batch
        beside the poisoned one) as shares of the trials, and `trials`.
    """
    arguments = {"data": str(data), "trials": trials // 4}
    parts = by_seed("benchmarks.batches:measure_trials", range(4), arguments, say=say)
    return summary([trial for part in parts for trial in part])


@click.command(help=__doc__)
@click.option("--trials", default=100, show_default=True, type=click.IntRange(4), help="Repetitions.")
@click.option("--data", default=DATA, type=click.Path(path_type=Path), help="Folder of CLINC150's CSV files.")
def main(trials: int, data: Path) -> None:
    """Print the table, then the JSON line."""
    from veritrain_lib.statistics.intervals import wilson

    absent = [name for name in FILES if not (data / name).is_file()]
    if absent:
        click.echo(f"skipped: no {', '.join(absent)} in {data}; point --data at CLINC150's files")
        click.echo(json.dumps({"skipped": True, "harmful_batch_found": None, "honest_batch_named": None}))
        return
    start = time.perf_counter()
    found = harmful_batch_found(trials, data, lambda line: click.echo(line, err=True))
    done = int(found["trials"])
    for name, text in (
        ("harmful_batch_found", "the poisoned batch is named"),
        ("honest_batch_named", "any of ten honest batches is named"),
        ("other_batch_named", "an honest batch beside the poisoned one is named"),
    ):
        interval = wilson(round(found[name] * done), done)
        click.echo(f"{text:<50} {found[name]:6.1%} ({interval.low:.1%} to {interval.high:.1%}, n={done})")
    click.echo(f"{time.perf_counter() - start:.0f} s")
    click.echo(json.dumps(found))


if __name__ == "__main__":
    main()
