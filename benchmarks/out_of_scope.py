"""Rows without a label in the pool, held back from choosing: `python -m benchmarks.out_of_scope`.

CLINC150. For each seed some of its intents are no labels of the task: 38 drawn at random (`intents`, where most have a
neighbour among the labels that is about the same subject), or those of 3 of the 10 domains (`domains`, other subjects). The
task starts with 10 rows of each label. A quarter of the pool, 1,200 of 4,800 rows, is of intents without a label, with the
answer "none of these". The real `Pool` teacher chooses 300 rows in batches of 50 by uncertainty: as it does by default
(`held back`), with `teacher.out_of_scope: 0` (`all rows`), and from a pool without such rows (`none there`). The student is
the trainer `encoder_svc` and answers the test rows of the labels.

Seeds 0 to 2 served to set the share that is held back by default and the method, so the measurement begins with seed 3.

The last line is JSON: means over the seeds of the chosen rows without a label and of the percent of rows with a label that
are held back at the end, by kind of pool; `bars_met` is whether that is at most 40 rows and 3 % with other subjects.
"""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from benchmarks.choice import DATA, FILES, task_of
from benchmarks.seeds import by_seed

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.task import Task

KINDS = ("domains", "intents")
ARMS = ("all rows", "held back", "none there")
LEFT_OUT_INTENTS, LEFT_OUT_DOMAINS = 38, 3
GOOD, BAD = 3600, 1200
"""Pool rows with and without a label."""

ROWS, BATCH = 300, 50
MOST_CHOSEN, MOST_HELD_BACK = 40, 3.0
"""The bars: chosen rows without a label, and percent of the rows with a label that are held back."""


def measure_seed(seed: int, data: str, kind: str) -> dict[str, dict[str, float]]:
    """Measure one seed: by arm the chosen rows without a label, percent held back of both kinds of rows, percent right."""
    from veritrain_lib.teachers.out_of_scope.hold_back import DEFAULT_SHARE

    with tempfile.TemporaryDirectory() as folder:
        task, without_label = _draw(Path(data), Path(folder), seed, kind)
        return {
            "all rows": _choose(task, without_label, 0.0, seed),
            "held back": _choose(task, without_label, DEFAULT_SHARE, seed),
            "none there": _choose(_without(task, without_label), set(), 0.0, seed),
        }


def _draw(data: Path, folder: Path, seed: int, kind: str) -> tuple[Task, set[str]]:
    """Draw the labels, the starting rows and the pool of a seed; return the task and the texts without a label."""
    import numpy as np
    import pandas as pd

    from veritrain_lib.core.rows import NONE_OF_THESE, read_table

    rng = np.random.default_rng(seed)
    tables = {name: read_table(data / f"{name}.csv") for name in ("seed", "pool", "val", "test")}
    intents = sorted(set(tables["seed"]["label"]))
    domains: dict[str, list[str]] = json.loads((data / "domains.json").read_text(encoding="utf-8"))
    if kind == "intents":
        left_out = set(rng.choice(intents, LEFT_OUT_INTENTS, replace=False))
    else:
        left_out = {
            intent
            for name in rng.choice(sorted(domains), LEFT_OUT_DOMAINS, replace=False)
            for intent in domains[name]
        }
    parts = {name: table[~table["label"].isin(left_out)] for name, table in tables.items()}
    bad = tables["pool"][tables["pool"]["label"].isin(left_out)].sample(BAD, random_state=rng)
    pool = pd.concat([parts["pool"].sample(GOOD, random_state=rng), bad.assign(label=NONE_OF_THESE)])
    written = {
        "seed": parts["seed"],
        "pool": pool.sample(frac=1, random_state=rng),
        "development": parts["val"],
        "test": parts["test"],
    }
    for name, rows in written.items():
        rows.to_csv(folder / f"{name}.csv", index=False)
    return task_of(folder, [intent for intent in intents if intent not in left_out]), set(bad["text"])


def _without(task: Task, without_label: set[str]) -> Task:
    """Remove the rows without a label from the task's pool."""
    from veritrain_lib.core.rows import read_table

    file = task.file("pool")
    assert file is not None
    pool = read_table(file)
    pool[~pool["text"].isin(without_label)].to_csv(file, index=False)
    return task


def _choose(task: Task, without_label: set[str], share: float, seed: int) -> dict[str, float]:
    """Choose rows from the pool, and measure what was chosen and held back, and the student that it makes."""
    import pandas as pd

    from veritrain_lib.core.rows import read_examples
    from veritrain_lib.metrics.accuracy import Accuracy
    from veritrain_lib.teachers.base import TeacherRequest
    from veritrain_lib.teachers.pool import Pool
    from veritrain_lib.trainers.encoder_svc import EncoderSvc

    folder = task.path.parent
    start, test = (read_examples(task, folder / f"{name}.csv", "human") for name in ("seed", "test"))
    trainer = EncoderSvc(vector_weight=2)

    def fit(rows: pd.DataFrame) -> Any:
        return trainer.train(task, rows, seed=seed).model

    teacher = task.teacher.model_copy(update={"out_of_scope": share})
    request = TeacherRequest(
        task=task.model_copy(update={"teacher": teacher}),
        rows=ROWS,
        accepted_rows=start,
        seed=seed,
        fit=fit,
        screen=lambda pool: pd.Series(True, index=pool.index),
    )
    written = Pool(choose="uncertainty", batch=BATCH).write(request)
    assert written.no_label is not None
    held = set() if written.held_back is None else set(written.held_back["text"])
    answers = fit(pd.concat([start, written.rows], ignore_index=True)).answer(test)
    return {
        "no label": len(written.no_label),
        "good held back": 100 * len(held - without_label) / GOOD,
        "bad held back": 100 * len(held & without_label) / BAD,
        "right": 100 * Accuracy(task).value(test["label"].tolist(), answers),
    }


def measure(kind: str, seeds: range, data: Path) -> dict[str, float]:
    """Measure all seeds of one kind of pool, print its table, and return the figures of the last line."""
    from statistics import mean

    arguments = {"data": str(data), "kind": kind}
    each = by_seed("benchmarks.out_of_scope:measure_seed", seeds, arguments, say=_say)
    found = {
        arm: {name: mean(seed[arm][name] for seed in each) for name in each[0][arm]} for arm in ARMS
    }  # fmt: skip
    click.echo(
        f"\n{kind}: of {ROWS} chosen rows, percent held back of rows with and without a label, percent right"
    )
    for arm in ARMS:
        figures = found[arm]
        click.echo(
            f"{arm:<12}{figures['no label']:8.1f} without a label{figures['good held back']:8.2f} %"
            f"{figures['bad held back']:8.2f} %{figures['right']:8.2f}"
        )
    held = found["held back"]
    return {
        f"{kind}_chosen": round(held["no label"], 1),
        f"{kind}_chosen_without": round(found["all rows"]["no label"], 1),
        f"{kind}_held_back_percent": round(held["good held back"], 2),
    }


def _say(line: str) -> None:
    click.echo(line, err=True)


@click.command(help=__doc__)
@click.option("--seeds", default=3, show_default=True, type=click.IntRange(1), help="Repetitions.")
@click.option("--first-seed", default=3, show_default=True, type=click.IntRange(0), help="The first seed.")
@click.option("--kind", default="", type=click.Choice(["", *KINDS]), help="Only this kind of pool.")
@click.option("--data", default=DATA, type=click.Path(path_type=Path), help="Folder of CLINC150's files.")
def main(seeds: int, first_seed: int, kind: str, data: Path) -> None:
    """Print the tables, then the JSON line."""
    absent = [name for name in (*FILES, "domains.json") if not (data / name).is_file()]
    if absent:
        click.echo(f"skipped: no {', '.join(absent)} in {data}; point --data at CLINC150's files")
        click.echo(json.dumps({"skipped": True, "bars_met": None}))
        return
    start = time.perf_counter()
    found: dict[str, float] = {}
    for measured in [kind] if kind else KINDS:
        found |= measure(measured, range(first_seed, first_seed + seeds), data)
    met = (
        found["domains_chosen"] <= MOST_CHOSEN and found["domains_held_back_percent"] <= MOST_HELD_BACK
        if "domains_chosen" in found
        else None
    )
    click.echo(f"{time.perf_counter() - start:.0f} s")
    click.echo(json.dumps({**found, "bars_met": met, "seeds": seeds}))


if __name__ == "__main__":
    main()
