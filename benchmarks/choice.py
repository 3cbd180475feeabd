"""Gain of uncertainty sampling over random selection: `python -m benchmarks.choice`.

CLINC150 (150 intents). For each seed, 10 training rows an intent are drawn anew as the human rows and the
other 90 an intent are the pool; the seed is also that of the student and of the selection. The real `Pool`
teacher selects `rounds` batches of `batch` rows with a refit between them, and the real student, trained on
the human rows and the selected ones, answers the full test set. The error by class that `class_error` needs is
measured on the validation set. The last line is JSON; `gain` is in points, after all rounds.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from benchmarks.seeds import by_seed

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.task import Task
    from veritrain_lib.teachers.base import TeacherRequest

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "clinc150"
FILES = ("seed.csv", "pool.csv", "val.csv", "test.csv")
ROWS_AN_INTENT = 10


def task_of(folder: Path, labels: Sequence[str]) -> Task:
    """Write a task file over the folder's seed, pool, development and test file, and load it."""
    from veritrain_lib.core.task import load_task

    content = {
        "version": 1,
        "name": "clinc150",
        "inputs": {"text": {"language": "en"}},
        "target": {"field": "label", "labels": list(labels)},
        "contract": {"type": "object", "required": ["label"]},
        "metrics": [{"name": "accuracy"}],
        "data": {
            "seed": "seed.csv",
            "pool": "pool.csv",
            "development": "development.csv",
            "test": "test.csv",
        },
    }
    (folder / "task.yaml").write_text(json.dumps(content), encoding="utf-8")  # JSON is YAML
    return load_task(folder / "task.yaml")


class Arena:
    """The division of the data for one seed, and the requests that are the same for every strategy."""

    def __init__(self, data: Path, folder: Path, seed: int) -> None:
        import pandas as pd

        from veritrain_lib.core.rows import read_examples, read_table
        from veritrain_lib.metrics.accuracy import Accuracy
        from veritrain_lib.trainers.tfidf_svc import TfidfSvc

        training = pd.concat(
            [read_table(data / "seed.csv"), read_table(data / "pool.csv")], ignore_index=True
        )
        drawn = training.groupby("label").sample(ROWS_AN_INTENT, random_state=seed)
        drawn.to_csv(folder / "seed.csv", index=False)
        training.drop(index=drawn.index).sample(frac=1, random_state=seed).to_csv(
            folder / "pool.csv", index=False
        )
        for name, source in (("development", "val"), ("test", "test")):
            (folder / f"{name}.csv").write_bytes((data / f"{source}.csv").read_bytes())
        self.seed = seed
        self.task = task_of(folder, sorted(set(training["label"])))
        self.human = read_examples(self.task, folder / "seed.csv", "human")
        self.pool = read_examples(self.task, folder / "pool.csv", "pool")
        self._development = read_examples(self.task, folder / "development.csv", "human")
        self._test = read_examples(self.task, folder / "test.csv", "human")
        self._trainer = TfidfSvc()
        self._metric = Accuracy(self.task)

    def accuracy(self, rows: pd.DataFrame) -> float:
        """Return the accuracy in percent, on the full test set, of a student trained on rows."""
        model = self._trainer.train(self.task, rows, seed=self.seed).model
        return 100 * self._metric.value(self._test["label"].tolist(), model.answer(self._test))

    def class_error(self) -> dict[str, float]:
        """Return the share of each intent's validation rows that the seed student answers wrong."""
        model = self._trainer.train(self.task, self.human, seed=self.seed).model
        wrong = 1 - self._metric.per_row(self._development["label"].tolist(), model.answer(self._development))
        rates = self._development.assign(wrong=wrong).groupby("label")["wrong"].mean()
        return {str(label): float(rate) for label, rate in rates.items()}

    def request(self, rows: int) -> TeacherRequest:
        """Build the request that is the same for every strategy: rows to learn from and student, with nothing screened."""
        import pandas as pd

        from veritrain_lib.teachers.base import TeacherRequest

        return TeacherRequest(
            task=self.task,
            rows=rows,
            accepted_rows=self.human,
            seed=self.seed,
            fit=lambda known: self._trainer.train(self.task, known, seed=self.seed).model,
            screen=lambda pool: pd.Series(True, index=pool.index),
            class_error=self.class_error(),
        )


def measure_seed(
    seed: int, data: str, strategies: Sequence[str], rounds: int, batch: int
) -> dict[str, dict[str, float]]:
    """Measure one seed: the test accuracy in percent by strategy and number of selected rows (as text).

    Under `seed` and `all`, with the key 0, are the students of the human rows alone and of all rows; `all` for
    the first seed only, since all rows are the same for every seed.
    """
    import pandas as pd

    from veritrain_lib.teachers.pool import Pool

    found: dict[str, dict[str, float]] = {name: {} for name in strategies}
    with tempfile.TemporaryDirectory() as folder:
        arena = Arena(Path(data), Path(folder), seed)
        found["seed"] = {"0": arena.accuracy(arena.human)}
        if seed == 0:
            everything = pd.concat([arena.human, arena.pool], ignore_index=True)
            found["all"] = {"0": arena.accuracy(everything)}
        request = arena.request(rounds * batch)
        for name in strategies:
            chosen = Pool(choose=name, batch=batch).write(request).rows  # type: ignore[arg-type]
            for stop in stops(rounds, batch):
                learnt = pd.concat([arena.human, chosen.iloc[:stop]], ignore_index=True)
                found[name][str(stop)] = arena.accuracy(learnt)
    return found


def stops(rounds: int, batch: int) -> list[int]:
    """Return the numbers of selected rows at which accuracy is measured: one batch, two, all."""
    return sorted({batch * done for done in (1, 2, rounds) if done <= rounds})


def measure(
    data: Path, strategies: Sequence[str], seeds: int, rounds: int, batch: int, say: Callable[[str], None]
) -> dict[str, dict[int, list[float]]]:
    """Return the test accuracy in percent of every seed, by strategy and number of selected rows (see `measure_seed`)."""
    arguments = {"data": str(data), "strategies": list(strategies), "rounds": rounds, "batch": batch}
    each = by_seed("benchmarks.choice:measure_seed", range(seeds), arguments, say=say)
    return {
        name: {
            stop: [result[name][str(stop)] for result in each if name in result]
            for stop in ([0] if name in ("seed", "all") else stops(rounds, batch))
        }
        for name in (*strategies, "seed", "all")
    }


def table(found: dict[str, dict[int, list[float]]]) -> str:
    """Format the measurements: mean and standard deviation over the seeds, in percent."""
    from statistics import mean, stdev

    def cell(values: list[float]) -> str:
        return (
            f"{mean(values):6.2f} ± {stdev(values):4.2f}"
            if len(values) > 1
            else f"{mean(values):6.2f}       "
        )

    strategies = [name for name in found if name not in ("seed", "all")]
    stops = list(found[strategies[0]])
    lines = [" ".join([f"{'chosen by':<12}", *(f"{f'+{stop}':>13}" for stop in stops)])]
    lines += [" ".join([f"{name:<12}", *(cell(found[name][stop]) for stop in stops)]) for name in strategies]
    lines += [f"{'seed rows':<12} {cell(found['seed'][0])}", f"{'all rows':<12} {cell(found['all'][0])}"]
    return "\n".join(lines)


@click.command(help=__doc__)
@click.option("--seeds", default=5, show_default=True, type=click.IntRange(1), help="Repetitions.")
@click.option("--rounds", default=4, show_default=True, type=click.IntRange(1), help="Batches.")
@click.option(
    "--batch", default=500, show_default=True, type=click.IntRange(1), help="Rows between two refits."
)
@click.option("--all", "everything", is_flag=True, help="Measure balanced and class_error too.")
@click.option("--data", default=DATA, type=click.Path(path_type=Path), help="Folder of CLINC150's CSV files.")
def main(seeds: int, rounds: int, batch: int, everything: bool, data: Path) -> None:
    """Print the table, then the JSON line."""
    from statistics import mean

    absent = [name for name in FILES if not (data / name).is_file()]
    if absent:
        click.echo(f"skipped: no {', '.join(absent)} in {data}; point --data at CLINC150's files")
        click.echo(json.dumps({"skipped": True, "random": None, "uncertainty": None, "gain": None}))
        return
    start = time.perf_counter()
    strategies = ["random", "uncertainty", *(["balanced", "class_error"] if everything else [])]
    found = measure(data, strategies, seeds, rounds, batch, lambda line: click.echo(line, err=True))
    click.echo(f"CLINC150, full test set, percent right, mean of {seeds} seed(s) ± standard deviation")
    click.echo(table(found))
    click.echo(f"{time.perf_counter() - start:.0f} s")
    last = rounds * batch
    final = {name: round(mean(found[name][last]), 2) for name in strategies}
    click.echo(json.dumps({**final, "gain": round(final["uncertainty"] - final["random"], 2)}))


if __name__ == "__main__":
    main()
