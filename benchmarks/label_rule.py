"""Time and success of the gate's search for wrong labels, by number of rows: `python -m benchmarks.label_rule`.

CLINC150's training rows, of which a tenth at random has a wrong label. The gate's check `label_disagreement` judges them as for
a task with the trainer `tfidf_svc` (`words`) and `encoder_svc` (`vectors`, encoded beforehand as the loop has them). Above
15,000 rows, which are all there are, rows repeat: they tell the time only, since a copy would give the right label away.

Seconds are CPU seconds of this process, since wall time depends on what else the machine does. The last line is JSON:
`precision_*` and `recall_*` at the largest number of rows that do not repeat, and `words_cliff`, `vectors_cliff`: the
largest time at a smaller number of rows over that at the largest one, which is above 1 where more rows cost less.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from benchmarks.choice import DATA, FILES, task_of

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.core.task import Task

TRAINERS = {"words": "tfidf_svc", "vectors": "encoder_svc"}
SIZES = (6_000, 10_000, 15_000, 20_000, 29_000, 31_000, 100_000)
FLIPPED = 0.1


def measure(task: Task, rows: pd.DataFrame, size: int) -> dict[str, float]:
    """Judge a number of rows, a tenth of them with a wrong label: CPU seconds, precision and recall."""
    import numpy as np

    from veritrain_lib.quality.checks.label_disagreement import check
    from veritrain_lib.quality.context import Context

    rng = np.random.default_rng(0)
    judged = rows.iloc[np.resize(rng.permutation(len(rows)), size)].reset_index(drop=True)
    judged["id"] = [str(number) for number in range(size)]
    wrong = rng.random(size) < FLIPPED
    right = np.array([task.labels.index(label) for label in judged["label"]])
    given = np.where(wrong, (right + rng.integers(1, len(task.labels), size)) % len(task.labels), right)
    judged["label"] = [task.labels[number] for number in given]
    none = judged.iloc[:0]
    context = Context(task, none, none, none, fit=_never, seed=0)
    start = time.process_time()
    flagged = (check(judged, context).reasons != "").to_numpy()
    found = int((flagged & wrong).sum())
    return {
        "seconds": time.process_time() - start,
        "precision": found / max(int(flagged.sum()), 1),
        "recall": found / int(wrong.sum()),
    }


def _never(rows: pd.DataFrame) -> NoReturn:
    raise RuntimeError(f"{len(rows)} rows were to train the task's own student, which judges few rows only")


@click.command(help=__doc__)
@click.option("--data", default=DATA, type=click.Path(path_type=Path), help="Folder of CLINC150's CSV files.")
def main(data: Path) -> None:
    """Print the table, then the JSON line."""
    absent = [name for name in FILES if not (data / name).is_file()]
    if absent:
        click.echo(f"skipped: no {', '.join(absent)} in {data}; point --data at CLINC150's files")
        click.echo(json.dumps({"skipped": True, "words_cliff": None}))
        return
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)  # the store of vectors is in the project, which is this folder
        found = _measure_all(Path(folder), data.resolve())
    click.echo(json.dumps(found))


def _measure_all(folder: Path, data: Path) -> dict[str, float]:
    import pandas as pd

    from veritrain_lib.core.rows import read_examples, read_table
    from veritrain_lib.encoders import vector_store
    from veritrain_lib.encoders.base import open_encoder
    from veritrain_lib.encoders.of_task import AUTO, resolved

    parts = [read_table(data / name) for name in ("seed.csv", "pool.csv")]
    pd.concat(parts, ignore_index=True).to_csv(folder / "pool.csv", index=False)
    for name in ("seed", "development", "test"):
        parts[0].to_csv(folder / f"{name}.csv", index=False)
    task = task_of(folder, sorted(set(parts[0]["label"])))
    rows = read_examples(task, folder / "pool.csv", "pool")
    vector_store.encode(open_encoder(resolved(AUTO, task)), rows["text"].tolist())
    result: dict[str, float] = {}
    for name, trainer in TRAINERS.items():
        chosen = task.model_copy(update={"trainer": task.trainer.model_copy(update={"name": trainer})})
        seconds = []
        for size in SIZES:
            figures = measure(chosen, rows, size)
            seconds.append(figures["seconds"])
            line = f"{name:<8}{size:>9,} rows{figures['seconds']:8.1f} s"
            if size <= len(rows):
                line += f"   precision {figures['precision']:.3f}, recall {figures['recall']:.3f}"
                result |= {f"{kind}_{name}": round(figures[kind], 3) for kind in ("precision", "recall")}
            click.echo(line)
        result[f"{name}_cliff"] = round(max(seconds[:-1]) / seconds[-1], 2)
    return result


if __name__ == "__main__":
    main()
