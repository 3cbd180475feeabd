"""Benchmark of the built-in example: recall of planted defects by the gate, and the gain of the final champion.

    python -m benchmarks.example [--folder FOLDER] [--dirt-seeds 1 2 3 4 5] [--no-loop]

The whole pool, its labels revealed and no row selected by uncertainty, goes through the gate with the seed rows
as accepted rows. Printed per kind of defect: how much was quarantined, with a 95 % Agresti-Coull interval; and the share
of clean rows quarantined with it. `--folder` measures another folder of the same shape (task.yaml and its files,
dirt.csv); `--dirt-seeds` builds the pool again with other splits and defects and prints the spread. The last
line is JSON with `verdict` (of the loop on the held-out test set), the shares of correct answers behind it,
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
from veritrain_lib.quality.gate import run_gate
from veritrain_lib.quality.suite import load_suite
from veritrain_lib.statistics.intervals import Rate

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.models.base import Scorer

BAR_RECALL = 0.90
BAR_FALSE = 0.02


@dataclass(frozen=True)
class Caught:
    """The rates of quarantined rows of one pool, by kind of defect and for clean rows."""

    kinds: dict[str, Rate]
    clean: Rate

    @property
    def recall(self) -> Rate:
        """Return the recall over all planted defects."""
        return Rate(
            sum(rate.successes for rate in self.kinds.values()), sum(rate.n for rate in self.kinds.values())
        )


def measure(folder: Path) -> Caught:
    """Run the gate on the full pool of an example folder, with its labels revealed."""
    task = load_task(folder)
    pool = _read(task, "pool")
    verdict = run_gate(pool, _context(task), load_suite(task.gate))
    quarantined = {json.loads(text)["row"] for text in verdict.quarantine["provenance"]}
    with (folder / "dirt.csv").open(encoding="utf-8", newline="") as file:
        kinds = {int(line["row"]): line["kind"] for line in csv.DictReader(file)}
    rows: dict[str, list[bool]] = defaultdict(list)
    for number in range(1, len(pool) + 1):
        rows[kinds.get(number, "")].append(number in quarantined)
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

    The complete loop runs as for a user, by the command line and its notebooks, in a separate store.

    Returns:
        `verdict` and, where a challenger was promoted, the result on the test set: `test_rows`, the share of correct
        answers of `seed_model` and `champion`, their difference `gain` with its interval `gain_low` to `gain_high` at
        `gain_level`, and `p` of the exact test.
    """
    from veritrain_lib.stages.record.stored_result import load_result
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
    test_result = evaluated.held_out if evaluated is not None else None
    if found["verdict"] != "none" and test_result is not None:
        found |= {
            "test_rows": test_result.n,
            "seed_model": round(test_result.champion, 4),
            "champion": round(test_result.challenger, 4),
            "gain": round(test_result.difference, 4),
            "gain_low": round(test_result.low, 4),
            "gain_high": round(test_result.high, 4),
            "gain_level": round(test_result.level, 4),
            "p": float(f"{test_result.p:.2g}"),
        }
    return found


def spread(seeds: list[int]) -> list[Caught]:
    """Measure pools that are built with other seeds: other splits, other defects."""
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
    """Run the command line."""
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
    for seed, caught_of_seed in zip(given.dirt_seeds, others, strict=True):
        show(caught_of_seed, f"Quarantined with dirt seed {seed}")
    for name, values in (
        ("gate_recall", [caught_of_seed.recall.value or 0.0 for caught_of_seed in others]),
        ("false_quarantine", [caught_of_seed.clean.value or 0.0 for caught_of_seed in others]),
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
