"""The built-in example: does the gate catch the planted dirt, and is the final champion better?

    python -m benchmarks.example [--folder FOLDER] [--dirt-seeds 1 2 3 4 5] [--no-loop]

The whole pool, its labels revealed and no row chosen by uncertainty, goes through the gate with the seed rows
as trusted ones. Printed per kind of dirt: how much was quarantined, with a 95 % Agresti-Coull interval; and the share
of clean rows quarantined with it. `--folder` measures another folder of the same shape (task.yaml and its files,
dirt.csv); `--dirt-seeds` builds the pool again with other splits and other dirt and prints the spread. The last
line is JSON with `verdict` (of the loop on the held-out test set), the shares of right answers behind it,
`gate_recall` and `false_quarantine`.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import TYPE_CHECKING, Any
from unittest import mock

from benchmarks.build_example import build, write
from veritrain_lib.core import project, registry
from veritrain_lib.core.rows import read_examples
from veritrain_lib.core.task import Task, load_task
from veritrain_lib.quality.context import Context
from veritrain_lib.quality.gate import judge
from veritrain_lib.quality.suite import load_suite
from veritrain_lib.statistics.intervals import Rate

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.models.base import Scorer

BAR_RECALL = 0.90
BAR_FALSE = 0.02


@dataclass(frozen=True)
class Caught:
    """What the gate did to one pool: rates of quarantined rows by kind of dirt, and of clean rows."""

    kinds: dict[str, Rate]
    clean: Rate

    @property
    def recall(self) -> Rate:
        """Over all planted dirt."""
        return Rate(
            sum(rate.successes for rate in self.kinds.values()), sum(rate.n for rate in self.kinds.values())
        )


def measure(folder: Path) -> Caught:
    """Judge the whole pool of an example folder with its labels revealed."""
    task = load_task(folder)
    pool = _read(task, "pool")
    verdict = judge(pool, _context(task), load_suite(task.gate))
    gone = {json.loads(text)["row"] for text in verdict.quarantine["provenance"]}
    with (folder / "dirt.csv").open(encoding="utf-8", newline="") as file:
        kinds = {int(line["row"]): line["kind"] for line in csv.DictReader(file)}
    rows: dict[str, list[bool]] = defaultdict(list)
    for number in range(1, len(pool) + 1):
        rows[kinds.get(number, "")].append(number in gone)
    clean = rows.pop("")
    return Caught(
        {kind: Rate(sum(hit), len(hit)) for kind, hit in sorted(rows.items())}, Rate(sum(clean), len(clean))
    )


def _read(task: Task, kind: str) -> pd.DataFrame:
    path = task.file(kind)  # type: ignore[arg-type]
    if path is None:
        raise SystemExit(f"the task has no {kind} file")
    return read_examples(task, path, "pool" if kind == "pool" else "human", answers=kind != "test")


def _context(task: Task) -> Context:
    trainer = registry.get("trainers", task.trainer.name)(**task.trainer.parameters)

    def fit(rows: pd.DataFrame) -> Scorer:
        scorer: Scorer = trainer.train(task, rows, seed=task.seed).model
        return scorer

    return Context(
        task, _read(task, "seed"), _read(task, "development"), _read(task, "test"), fit, seed=task.seed
    )


def final_comparison() -> dict[str, str | float]:
    """Compare the seed model with the last champion on the held-out test set.

    The whole loop runs as a user's would, by the command line and its notebooks, in a store of its own.

    Returns:
        `verdict` and, where a challenger was promoted, what the test set said: `test_rows`, the share of right
        answers `seed_model` and `champion`, their difference `gain` with its interval `gain_low` to `gain_high` at
        `gain_level`, and `p` of the exact test.
    """
    from veritrain_lib.stage_io.stage import load_result
    from veritrain_lib.tracking import runs

    with tempfile.TemporaryDirectory() as home:
        surroundings = {name: value for name, value in os.environ.items() if name != "MLFLOW_TRACKING_URI"}
        command = [sys.executable, "-c", "from veritrain_lib.cli.main import main; main()"]
        done = subprocess.run(
            [*command, "loop", str(project.example_task()), "--json"],
            env=surroundings | {"VERITRAIN_HOME": home},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        found: dict[str, str | float] = {"verdict": str(json.loads(done.stdout)["verdict"])}
        with mock.patch.dict(os.environ, surroundings | {"VERITRAIN_HOME": home}, clear=True):
            last = runs.search(
                load_task(project.example_task()), "tags.`veritrain.stage` = 'evaluate'", limit=1
            )
            evaluated: Any = load_result("evaluate", last[0].info.run_id) if last else None
    sealed = evaluated.sealed if evaluated is not None else None
    if found["verdict"] != "none" and sealed is not None:
        found |= {
            "test_rows": sealed.n,
            "seed_model": round(sealed.champion, 4),
            "champion": round(sealed.challenger, 4),
            "gain": round(sealed.difference, 4),
            "gain_low": round(sealed.low, 4),
            "gain_high": round(sealed.high, 4),
            "gain_level": round(sealed.level, 4),
            "p": float(f"{sealed.p:.2g}"),
        }
    return found


def spread(seeds: list[int]) -> list[Caught]:
    """The measure on pools built with other seeds: another split, another dirt."""
    found = []
    for seed in seeds:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            write(build(seed=seed), folder)
            shutil.copy(project.example_task(), folder / "task.yaml")
            found.append(measure(folder))
    return found


def show(caught: Caught, title: str) -> None:
    """Print the table of one pool."""
    print(f"\n{title}")
    for name, rate in [*caught.kinds.items(), ("all dirt", caught.recall), ("clean rows", caught.clean)]:
        ends = rate.interval
        print(
            f"  {name:16} {rate.successes:4} of {rate.n:4}  {rate.value or 0:6.3f}  ({ends.low:.3f} to {ends.high:.3f})"
        )


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument(
        "--folder", type=Path, default=project.example_task().parent, help="the example to measure"
    )
    parser.add_argument(
        "--dirt-seeds", type=int, nargs="*", default=[], help="seeds of further pools to build"
    )
    parser.add_argument("--no-loop", action="store_true", help="only measure the gate")
    given = parser.parse_args()
    caught = measure(given.folder)
    show(caught, f"Quarantined in {given.folder.name}")
    others = spread(given.dirt_seeds)
    for seed, one in zip(given.dirt_seeds, others, strict=True):
        show(one, f"Quarantined with dirt seed {seed}")
    for name, values in (
        ("gate_recall", [one.recall.value or 0.0 for one in others]),
        ("false_quarantine", [one.clean.value or 0.0 for one in others]),
    ):
        if values:
            print(
                f"\n{name} over {len(values)} other pools: {min(values):.3f} to {max(values):.3f}, mean {mean(values):.3f}"
            )
    print(f"\nBars: gate_recall >= {BAR_RECALL}, false_quarantine <= {BAR_FALSE}")
    result = {
        **({"verdict": "skipped"} if given.no_loop else final_comparison()),
        "gate_recall": round(caught.recall.value or 0.0, 4),
        "dirty_rows": caught.recall.n,
        "false_quarantine": round(caught.clean.value or 0.0, 4),
        "clean_rows": caught.clean.n,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
