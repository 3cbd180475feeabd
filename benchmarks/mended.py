"""Lift of a loop on a pool with wrong labels, as chosen, with contradicted rows left out, and mended: `python -m benchmarks.mended`.

CLINC150. For each seed 30 of its 150 intents are drawn, with 10 starting rows of each; the other 2,700 rows are the pool, in
which a tenth of the labels is replaced by a wrong one. In three rounds the real `Pool` teacher chooses 100 rows each, so that
with the starting rows a fifth of all labels is used. After each round the gate's check `label_disagreement` judges all chosen
rows. They are kept (`as chosen`), left out where their label is contradicted (`left out`), or answered by two more people who
know the right label (`mended`). The student is trained on what is left and answers the intents' 900 test rows. The last line
is JSON.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from benchmarks.choice import DATA, FILES, task_of
from benchmarks.seeds import by_seed

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.task import Task

INTENTS = 30
START = 10
"""Starting rows an intent."""

FLIPPED = 0.1
"""Share of wrong labels in the pool."""

ROUNDS, ROWS, BATCH = 3, 100, 50
"""Rounds, rows a round, and rows between two refits of the student that chooses."""

ARMS = {
    "uncertainty, as chosen": ("uncertainty", "as chosen"),
    "uncertainty, left out": ("uncertainty", "left out"),
    "uncertainty, mended": ("uncertainty", "mended"),
    "random, mended": ("random", "mended"),
}
"""Arms by name: how rows are chosen, and what becomes of contradicted ones."""


@dataclass(frozen=True)
class Arena:
    """The data of one seed, and its student.

    Attributes:
        task: The task.
        start: The starting rows.
        truth: The right label of each pool row by id.
        development: The development rows.
        test: The test rows.
        fit: Trains the student.
    """

    task: Task
    start: pd.DataFrame
    truth: dict[str, str]
    development: pd.DataFrame
    test: pd.DataFrame
    fit: Callable[[pd.DataFrame], Any]

    def accuracy(self, rows: pd.DataFrame) -> float:
        """Return the percent of the test rows that a student of some rows answers rightly."""
        from veritrain_lib.metrics.accuracy import Accuracy

        answers = self.fit(rows).answer(self.test)
        return 100 * Accuracy(self.task).value(self.test["label"].tolist(), answers)


def measure_seed(seed: int, data: str, trainer: str) -> dict[str, float]:
    """Measure one seed: percent right by arm, of the starting rows alone and of all rows with right labels; answers asked."""
    with tempfile.TemporaryDirectory() as folder:
        arena = _draw(Path(data), Path(folder), seed, trainer)
        found: dict[str, float] = {"start": arena.accuracy(arena.start)}
        pool = _pool(arena)
        found["all rows"] = arena.accuracy(
            _concat(arena.start, pool.assign(label=[arena.truth[row] for row in pool["id"]]))
        )
        for name, (choose, contradicted) in ARMS.items():
            rows, answers = _loop(arena, choose, contradicted, seed)
            found[name] = arena.accuracy(rows)
            found[f"{name}: answers"] = answers
    return found


def _draw(data: Path, folder: Path, seed: int, trainer: str) -> Arena:
    """Draw the intents, the starting rows and the wrong labels of a seed, and write the task."""
    import numpy as np

    from veritrain_lib.core.rows import read_examples, read_table
    from veritrain_lib.trainers.base import trainer_class

    rng = np.random.default_rng(seed)
    training = _concat(read_table(data / "seed.csv"), read_table(data / "pool.csv"))
    labels = sorted(rng.choice(sorted(set(training["label"])), INTENTS, replace=False).tolist())
    training = training[training["label"].isin(labels)].sample(frac=1, random_state=rng)
    start = training.groupby("label").head(START)
    pool = training.drop(index=start.index)
    wrong = rng.random(len(pool)) < FLIPPED
    given = [
        rng.choice([other for other in labels if other != label]) if flip else label
        for label, flip in zip(pool["label"], wrong, strict=True)
    ]
    validation, test = read_table(data / "val.csv"), read_table(data / "test.csv")
    parts = {
        "seed": start,
        "pool": pool.assign(label=given),
        "truth": pool,
        "development": validation[validation["label"].isin(labels)],
        "test": test[test["label"].isin(labels)],
    }
    for name, rows in parts.items():
        rows.to_csv(folder / f"{name}.csv", index=False)
    task = task_of(folder, labels)
    read = {name: read_examples(task, folder / f"{name}.csv", "human") for name in parts if name != "pool"}
    student = trainer_class(trainer)()
    return Arena(
        task,
        read["seed"],
        dict(zip(read["truth"]["id"], read["truth"]["label"], strict=True)),
        read["development"],
        read["test"],
        lambda rows: student.train(task, rows, seed=seed).model,
    )


def _pool(arena: Arena) -> pd.DataFrame:
    """Return the pool's rows with the labels that its file has."""
    from veritrain_lib.core.rows import read_examples

    file = arena.task.file("pool")
    assert file is not None
    rows = read_examples(arena.task, file, "pool").drop_duplicates("id")
    return rows[~rows["id"].isin(arena.start["id"])].reset_index(drop=True)


def _loop(arena: Arena, choose: str, contradicted: str, seed: int) -> tuple[pd.DataFrame, int]:
    """Choose rows in rounds; return the training rows after the last one, and how many further answers were asked."""
    import pandas as pd

    from veritrain_lib.teachers.base import TeacherRequest
    from veritrain_lib.teachers.pool import Pool

    rows, used, answers = arena.start, set(arena.start["id"]), 0
    for _ in range(ROUNDS):
        request = TeacherRequest(
            task=arena.task,
            rows=ROWS,
            accepted_rows=rows,
            seed=seed,
            fit=arena.fit,
            screen=lambda pool: pd.Series(True, index=pool.index),
            used=frozenset(used),
        )
        new = Pool(choose=choose, batch=BATCH).write(request).rows  # type: ignore[arg-type]
        used |= set(new["id"])
        if contradicted == "as chosen":
            rows = _concat(rows, new)
            continue
        rows, asked = _judged(arena, rows, new, mend=contradicted == "mended", seed=seed)
        answers += asked
    return rows, answers


def _judged(
    arena: Arena, accepted: pd.DataFrame, new: pd.DataFrame, *, mend: bool, seed: int
) -> tuple[pd.DataFrame, int]:
    """Judge the labels as the gate does; contradicted rows leave, or come back with the label that people agree on."""
    from veritrain_lib.quality.checks.label_disagreement import check
    from veritrain_lib.quality.context import Context
    from veritrain_lib.stages.gate.second_answers import LaterAnswers, settle_rows

    inputs = arena.test.drop(columns="label")
    judged = check(new, Context(arena.task, accepted, arena.development, inputs, fit=arena.fit, seed=seed))
    new_out, old_out = (judged.reasons != "").to_numpy(), (judged.accepted_reasons != "").to_numpy()
    kept = _concat(accepted[~old_out], new[~new_out])
    out = _concat(accepted[old_out], new[new_out])
    if not mend or not len(out):
        return kept, 0
    others = LaterAnswers(lambda ids: {row: [arena.truth[row]] * 2 for row in ids})
    settled, table = settle_rows(arena.task, out, others)
    # The second person's answer settles a right label; a third one is asked where it differs.
    asked = int(len(table) + (table["first"] != table["second"]).sum())
    return _concat(kept, settled), asked


def _concat(*parts: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd

    return pd.concat([part for part in parts if len(part)], ignore_index=True)


def summary(seeds: list[dict[str, float]]) -> dict[str, float]:
    """Return the figures of all seeds.

    Returns:
        `mended_gain` and `left_out_gain`, in points over the rows as chosen, and `second_answers`, the answers that mending
        took (all three means over the seeds); `errors_saved_vs_random`, the share of random choice's errors that choosing by
        uncertainty saves, both mended; and `share_of_full_at_20_percent`, the accuracy with contradicted rows left out as a
        share of that with all rows and right labels.
    """
    from statistics import mean

    def of(name: str) -> float:
        return mean(seed[name] for seed in seeds)

    return {
        "mended_gain": round(of("uncertainty, mended") - of("uncertainty, as chosen"), 2),
        "left_out_gain": round(of("uncertainty, left out") - of("uncertainty, as chosen"), 2),
        "second_answers": round(of("uncertainty, mended: answers"), 1),
        "errors_saved_vs_random": round(
            1 - (100 - of("uncertainty, mended")) / max(100 - of("random, mended"), 1e-9), 3
        ),
        "share_of_full_at_20_percent": round(of("uncertainty, left out") / of("all rows"), 4),
    }


def measure(data: Path, seeds: int, trainer: str, say: Callable[[str], None]) -> list[dict[str, float]]:
    """Measure every seed, see `measure_seed`."""
    arguments = {"data": str(data), "trainer": trainer}
    found: list[dict[str, float]] = by_seed(
        "benchmarks.mended:measure_seed", range(seeds), arguments, say=say
    )
    return found


def lines(each: list[dict[str, float]]) -> list[str]:
    """Return the table of all arms as lines of text."""
    from statistics import mean, stdev

    shown = []
    for name in ("start", *ARMS, "all rows"):
        values = [seed[name] for seed in each]
        shown.append(f"{name:<24}{mean(values):8.2f} ± {stdev(values) if len(values) > 1 else 0:5.2f}")
    return shown


@click.command(help=__doc__)
@click.option("--seeds", default=5, show_default=True, type=click.IntRange(1), help="Repetitions.")
@click.option("--trainer", default="encoder_svc", show_default=True, help="Trainer of the student.")
@click.option("--data", default=DATA, type=click.Path(path_type=Path), help="Folder of CLINC150's CSV files.")
def main(seeds: int, trainer: str, data: Path) -> None:
    """Print the table, then the JSON line."""
    absent = [name for name in FILES if not (data / name).is_file()]
    if absent:
        click.echo(f"skipped: no {', '.join(absent)} in {data}; point --data at CLINC150's files")
        click.echo(json.dumps({"skipped": True, "mended_gain": None}))
        return
    start = time.perf_counter()
    each = measure(data, seeds, trainer, lambda line: click.echo(line, err=True))
    click.echo(
        f"{trainer}, percent right on 900 test rows of {INTENTS} intents, mean of {seeds} seed(s) ± sd"
    )
    click.echo("\n".join(lines(each)))
    click.echo(f"{time.perf_counter() - start:.0f} s")
    click.echo(json.dumps({**summary(each), "seeds": seeds}))


if __name__ == "__main__":
    main()
