"""Lift of the loop on CLINC150: few rows, wrong labels, and harmful batches: `python -m benchmarks.lift`.

1. Few rows. For each seed, 5 and 10 training rows an intent are drawn anew; the built-in trainers `tfidf_svc` and
   `encoder_svc`, with their defaults, are trained on the same rows and answer the full test set.
   `--encoder` names another sentence encoder for this part, and `--few-rows-only` leaves out the others.
2. Wrong labels: `benchmarks/mended.py`, with `encoder_svc`.
3. Harmful batches: `benchmarks/batches.py`.

The last line is JSON: `few_shot_5` and `few_shot_10` are the percent right of `encoder_svc`, `bag_of_words_5` and
`bag_of_words_10` those of `tfidf_svc` (means over the seeds), `seeds_better` the seeds in which `encoder_svc` is the better one
with both numbers of rows; the other keys are those of the two other benchmarks.
"""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from benchmarks import batches, mended
from benchmarks.choice import DATA, FILES, task_of
from benchmarks.seeds import by_seed
from veritrain_lib.encoders.of_task import AUTO, TRAINER

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.task import Task

ROWS_AN_INTENT = (5, 10)
TRAINERS = ("tfidf_svc", "encoder_svc")


def measure_seed(seed: int, data: str, encoder: str = AUTO) -> dict[str, dict[str, float]]:
    """Measure one seed: the test accuracy in percent by trainer and number of rows an intent (as text)."""
    import pandas as pd

    from veritrain_lib.core.rows import read_table

    folder = Path(data)
    training = pd.concat(
        [read_table(folder / "seed.csv"), read_table(folder / "pool.csv")], ignore_index=True
    )
    found: dict[str, dict[str, float]] = {name: {} for name in TRAINERS}
    for count in ROWS_AN_INTENT:
        drawn = training.groupby("label").sample(count, random_state=seed)
        with tempfile.TemporaryDirectory() as task_folder:
            task = _write_task(Path(task_folder), drawn, folder)
            for name in TRAINERS:
                parameters = {"encoder": encoder} if name == TRAINER else {}
                found[name][str(count)] = _accuracy(task, name, parameters, seed)
    return found


def _write_task(task_folder: Path, drawn: pd.DataFrame, data: Path) -> Task:
    """Write a task whose seed rows are the drawn ones."""
    drawn.to_csv(task_folder / "seed.csv", index=False)
    drawn.to_csv(task_folder / "pool.csv", index=False)
    for name, source in (("development", "val"), ("test", "test")):
        (task_folder / f"{name}.csv").write_bytes((data / f"{source}.csv").read_bytes())
    return task_of(task_folder, sorted(set(drawn["label"])))


def _accuracy(task: Task, trainer: str, parameters: dict[str, str], seed: int) -> float:
    """Train on the task's seed rows and return the percent of its test rows that are answered right."""
    from veritrain_lib.core.rows import read_examples
    from veritrain_lib.metrics.accuracy import Accuracy
    from veritrain_lib.trainers.base import trainer_class

    rows = read_examples(task, task.path.parent / "seed.csv", "human")
    test = read_examples(task, task.path.parent / "test.csv", "human")
    model = trainer_class(trainer)(**parameters).train(task, rows, seed=seed).model
    return 100 * Accuracy(task).value(test["label"].tolist(), model.answer(test))


@click.command(help=__doc__)
@click.option(
    "--seeds", default=5, show_default=True, type=click.IntRange(1), help="Repetitions of 1. and 2."
)
@click.option("--trials", default=100, show_default=True, type=click.IntRange(4), help="Repetitions of 3.")
@click.option("--data", default=DATA, type=click.Path(path_type=Path), help="Folder of CLINC150's CSV files.")
@click.option("--encoder", default=AUTO, show_default=True, help="Sentence encoder of 1.")
@click.option("--few-rows-only", is_flag=True, help="Measure 1. alone.")
def main(seeds: int, trials: int, data: Path, encoder: str, few_rows_only: bool) -> None:
    """Print the tables, then the JSON line."""
    absent = [name for name in FILES if not (data / name).is_file()]
    if absent:
        click.echo(f"skipped: no {', '.join(absent)} in {data}; point --data at CLINC150's files")
        click.echo(json.dumps({"skipped": True, **dict.fromkeys(KEYS)}))
        return
    start = time.perf_counter()
    found = few_shot(seeds, data, encoder)
    if few_rows_only:
        click.echo(json.dumps({**found, "encoder": encoder, "seeds": seeds}))
        return
    click.echo("\nA pool with wrong labels, percent right on the test rows of 30 intents")
    each = mended.measure(data, seeds, "encoder_svc", _say)
    click.echo("\n".join(mended.lines(each)))
    harmful = batches.harmful_batch_found(trials, data, _say)
    click.echo(f"\nHarmful batches: {harmful}")
    click.echo(f"{time.perf_counter() - start:.0f} s")
    click.echo(json.dumps({**found, **mended.summary(each), **harmful, "seeds": seeds}))


KEYS = (
    "few_shot_5", "few_shot_10", "mended_gain", "errors_saved_vs_random", "share_of_full_at_20_percent",
    "harmful_batch_found",
)  # fmt: skip
"""The figures that the last line has without data too, as null."""


def _say(line: str) -> None:
    click.echo(line, err=True)


def few_shot(seeds: int, data: Path, encoder: str = AUTO) -> dict[str, float]:
    """Measure both trainers with few rows, print the table, and return its figures."""
    from statistics import mean, stdev

    each = by_seed(
        "benchmarks.lift:measure_seed", range(seeds), {"data": str(data), "encoder": encoder}, say=_say
    )
    click.echo(f"CLINC150, full test set, percent right, mean of {seeds} seed(s) ± standard deviation")
    click.echo(" ".join([f"{'trainer':<12}", *(f"{f'{count} an intent':>16}" for count in ROWS_AN_INTENT)]))
    means: dict[tuple[str, int], float] = {}
    for name in TRAINERS:
        cells = []
        for count in ROWS_AN_INTENT:
            values = [result[name][str(count)] for result in each]
            means[name, count] = round(mean(values), 2)
            cells.append(f"{mean(values):8.2f} ± {stdev(values) if len(values) > 1 else 0:5.2f}")
        click.echo(" ".join([f"{name:<12}", *cells]))
    better = sum(
        all(result["encoder_svc"][str(count)] > result["tfidf_svc"][str(count)] for count in ROWS_AN_INTENT)
        for result in each
    )
    return {
        **{f"few_shot_{count}": means["encoder_svc", count] for count in ROWS_AN_INTENT},
        **{f"bag_of_words_{count}": means["tfidf_svc", count] for count in ROWS_AN_INTENT},
        "seeds_better": better,
    }


if __name__ == "__main__":
    main()
