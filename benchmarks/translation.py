"""Benchmark of the loop on a free-text task: `python -m benchmarks.translation [--no-lora] [--no-loop]`.

- **example**: the complete loop on the built-in example `meetings`, by the command line, in a separate store; then
  BLEU and chrF of the seed model and the last champion on the held-out pairs, with paired intervals.
- **curve**: student `memory` on small_parallel_enja (Tanaka) from 500 to 10,000 pairs, chrF and BLEU on its test
  rows, mean of three draws, with the deviation between them.
- **noise**: 1,000 pairs of which 20 % have another pair's translation are added without the gate, through the gate, and clean;
  once 1,000 new pairs beside 9,000, once 1,000 of 5,000 known pairs exported again with slipped lines. The verdict is
  the promotion decision's against the student without them, and the loss that of the mean grade (sentence
  chrF) against the same pairs clean, over the draws.
- **lora**: the loss of the tiny checkpoint before and after (`benchmarks/lora.py`).

The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

from veritrain_lib.core import project, registry
from veritrain_lib.core.task import Task, load_task
from veritrain_lib.metrics.base import Metric, open_metrics, references_of, row_scores
from veritrain_lib.statistics.bootstrap import paired_bootstrap
from veritrain_lib.statistics.decision import Decision, decide
from veritrain_lib.statistics.evidence import CorpusMetric, PairedChange, compare_paired

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from veritrain_lib.core.records import Response

TANAKA = Path(__file__).resolve().parents[1] / ".." / "shared" / "data" / "tanaka_enja"
GATES = Path(__file__).resolve().parents[1] / "gates"
SIZES = (500, 1_000, 2_000, 5_000, 10_000)
DRAWS = 3
ADDED, SHUFFLED = 1_000, 0.2
KNOWN = {"new": 9_000, "exported again": 5_000}
LOOK_ALPHA = 0.0125
"""Level of each of four looks at a budget of 0.05."""


@dataclass(frozen=True)
class Example:
    """The loop on the built-in example: its verdict, and both models on the held-out pairs by metric."""

    verdict: str
    before: dict[str, float]
    after: dict[str, float]
    gains: dict[str, tuple[float, float]]
    n: int


def example() -> Example:
    """Run the loop, then measure the seed model and the last champion."""
    import numpy as np

    from veritrain_lib.core.rows import read_examples
    from veritrain_lib.models.base import open_model

    file = project.example_task("meetings")
    with tempfile.TemporaryDirectory() as home:
        rest = {name: value for name, value in os.environ.items() if name != "MLFLOW_TRACKING_URI"}
        command = [
            sys.executable,
            "-c",
            "from veritrain_lib.cli.main import main; main()",
            "loop",
            str(file),
            "--json",
        ]
        done = subprocess.run(
            command, env=rest | {"VERITRAIN_HOME": home}, stdout=subprocess.PIPE, text=True, check=True
        )
        said = json.loads(done.stdout)
        task = load_task(file)
        test = task.file("test")
        assert test is not None
        rows = read_examples(task, test, "human")
        with mock.patch.dict(os.environ, {**rest, "VERITRAIN_HOME": home}, clear=True):
            old, new = (open_model(said[role], task).answer(rows) for role in ("seed_model", "champion"))
    references = references_of(task, rows)
    before, after, gains = {}, {}, {}
    for metric in open_metrics(task):
        before[metric.name], after[metric.name] = metric.value(references, old), metric.value(references, new)
        drawn = paired_bootstrap(
            lambda at, metric=metric: _on(metric, references, new, at) - _on(metric, references, old, at),  # type: ignore[misc]
            len(rows),
            n_resamples=1000,
        )
        gains[metric.name] = (drawn.interval.low, drawn.interval.high)
    assert np.isfinite(list(after.values())).all()
    return Example(str(said["verdict"]), before, after, gains, len(rows))


def _on(metric: Metric, references: Sequence[str], responses: Sequence[Response], at: np.ndarray) -> float:
    return metric.value([references[row] for row in at], [responses[row] for row in at])


@cache
def _tanaka_text(name: str) -> pd.DataFrame:
    import pandas as pd

    lines = [json.loads(line) for line in (TANAKA / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]
    return pd.DataFrame(lines)[["ja", "en"]]


def tanaka(folder: Path) -> Task:
    """Write a task on the Tanaka pairs into a folder."""
    import yaml

    for name, part in (("seed", "train.000"), ("dev", "dev"), ("test", "test")):
        _tanaka_text(part).to_csv(folder / f"{name}.csv", index=False)
    content = {
        "version": 1,
        "name": "tanaka",
        "inputs": {"ja": {"language": "ja"}},
        "target": {"field": "en", "language": "en"},
        "contract": {"type": "object", "required": ["en"]},
        "metrics": [{"name": "chrf"}, {"name": "bleu"}],
        # Only a suite with the rule `alignment` can tell a pair with another's translation.
        "gate": "parallel" if (GATES / "parallel.json").is_file() else "translation",
        "data": {"seed": "seed.csv", "development": "dev.csv", "test": "test.csv"},
        "trainer": {"name": "memory"},
    }
    (folder / "task.yaml").write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    return load_task(folder)


def rows_of(task: Task, kind: Any) -> pd.DataFrame:
    """Return the rows of one of the task's files, with their answers."""
    from veritrain_lib.core.rows import read_examples

    file = task.file(kind)
    assert file is not None
    return read_examples(task, file, "pool" if kind == "seed" else "human")


def answers(task: Task, known: pd.DataFrame, queries: pd.DataFrame) -> list[Response]:
    """Return the answers of a memory of the known pairs."""
    trained = registry.get("trainers", "memory")().train(task, known.reset_index(drop=True), seed=0)
    given: list[Response] = trained.model.answer(queries)
    return given


def curve(task: Task) -> pd.DataFrame:
    """Return chrF and BLEU on the test rows by number of pairs: mean and deviation over the draws."""
    import numpy as np
    import pandas as pd

    pool, test = rows_of(task, "seed"), rows_of(task, "test")
    references, metrics = references_of(task, test), open_metrics(task)
    lines = []
    for draw in range(DRAWS):
        order = np.random.default_rng(draw).permutation(len(pool))
        for size in SIZES:
            given = answers(task, pool.iloc[order[:size]], test)
            lines += [
                {"pairs": size, "metric": metric.name, "value": metric.value(references, given)}
                for metric in metrics
            ]
    table = pd.DataFrame(lines).groupby(["metric", "pairs"])["value"].agg(["mean", "std"]).reset_index()
    return table.assign(n=len(test), draws=DRAWS)


@dataclass(frozen=True)
class Noise:
    """The three arms, compared with the student without the additional pairs and with the clean arm."""

    verdicts: dict[str, list[str]]
    losses: dict[str, PairedChange]
    caught: int
    shuffled: int
    refused: int
    clean: int


def noise(task: Task, kind: str) -> Noise:
    """Add pairs of a kind (a key of `KNOWN`) noisy, gated and clean."""
    import numpy as np
    import pandas as pd

    pool, test = rows_of(task, "seed"), rows_of(task, "test")
    references, metric = references_of(task, test), open_metrics(task)[0]
    verdicts: dict[str, list[str]] = {"noisy": [], "gated": [], "clean": []}
    grades: dict[str, list[np.ndarray]] = {name: [] for name in verdicts}
    caught = refused = 0
    for draw in range(DRAWS):
        order = np.random.default_rng(draw).permutation(len(pool))
        known = pool.iloc[order[: KNOWN[kind]]]
        first = KNOWN[kind] if kind == "new" else 0
        clean = pool.iloc[order[first : first + ADDED]].reset_index(drop=True)
        noisy, wrong = shuffled(clean, task.target.field, draw)
        kept = gated(task, known, noisy, draw)
        removed = set(noisy["id"]) - set(kept["id"])
        caught += len(removed & set(noisy["id"].iloc[wrong]))
        refused += len(removed - set(noisy["id"].iloc[wrong]))
        old = answers(task, known, test)
        for name, added in (("noisy", noisy), ("gated", kept), ("clean", clean)):
            new = answers(task, pd.concat([known, added]), test)
            verdicts[name].append(_decided(metric, references, old, new, draw).verdict)
            grades[name].append(row_scores(metric, references, new))
    means = {name: np.mean(each, axis=0) for name, each in grades.items()}
    losses = {name: compare_paired(means["clean"], means[name]) for name in ("noisy", "gated")}
    wrong_rows = int(SHUFFLED * ADDED) * DRAWS
    return Noise(verdicts, losses, caught, wrong_rows, refused, ADDED * DRAWS - wrong_rows)


def shuffled(rows: pd.DataFrame, target: str, seed: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Move the translations of a share of the rows to the next of them; return the rows and which were changed."""
    import numpy as np

    at = np.random.default_rng([seed, 1]).permutation(len(rows))[: int(SHUFFLED * len(rows))]
    changed = rows.copy()
    changed.loc[at, target] = rows.loc[np.roll(at, 1), target].to_numpy()
    return changed, at


def gated(task: Task, known: pd.DataFrame, rows: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Return the rows that the task's gate accepts beside the known ones."""
    from veritrain_lib.quality.context import Context
    from veritrain_lib.quality.gate import run_gate
    from veritrain_lib.quality.suite import load_suite

    hidden = rows_of(task, "test").assign(**{task.target.field: ""})
    context = Context(task, known.reset_index(drop=True), rows_of(task, "development"), hidden, seed=seed)
    accepted: pd.DataFrame = run_gate(rows, context, load_suite(task.gate)).accepted
    return accepted[list(rows.columns)]


def _decided(
    metric: Metric, references: list[str], old: list[Response], new: list[Response], seed: int
) -> Decision:
    import numpy as np

    n, both = len(references), [*old, *new]

    def score(given: np.ndarray, rows: np.ndarray) -> float:
        return metric.value([references[row] for row in rows], [both[int(at)] for at in given]) / 100

    return decide(
        row_scores(metric, references, old),
        row_scores(metric, references, new),
        look_alpha=LOOK_ALPHA,
        metric=CorpusMetric(metric.name, np.arange(n), np.arange(n, 2 * n), score),
        seed=seed,
    )


def show(title: str, lines: Sequence[str]) -> None:
    """Print a heading and its lines."""
    print(f"\n{title}", *(f"  {line}" for line in lines), sep="\n", flush=True)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--no-loop", action="store_true", help="leave the built-in example out")
    parser.add_argument("--no-lora", action="store_true", help="leave the tuned checkpoint out")
    given = parser.parse_args()
    result: dict[str, Any] = {"verdict": "skipped"}
    if not given.no_loop:
        found = example()
        show(
            f"Built-in example, {found.n} held-out pairs: {found.verdict}",
            [
                f"{name:16} {value:7.3f} to {found.after[name]:7.3f}  ({found.gains[name][0]:+.3f} to {found.gains[name][1]:+.3f})"
                for name, value in found.before.items()
            ],
        )
        result |= {"verdict": found.verdict, "test_pairs": found.n}
        for name in ("bleu", "chrf"):
            result |= {
                f"{name}_before": round(found.before[name], 3),
                f"{name}_after": round(found.after[name], 3),
                f"{name}_gain_low": round(found.gains[name][0], 3),
                f"{name}_gain_high": round(found.gains[name][1], 3),
            }
    if TANAKA.is_dir():
        folder = Path(tempfile.mkdtemp())
        try:
            task = tanaka(folder)
            table = curve(task)
            show(
                f"Tanaka ja-en, student memory, {table['n'].iloc[0]} test pairs, {DRAWS} draws",
                [
                    f"{one['metric']:6} {one['pairs']:6,} pairs {one['mean']:7.2f} (deviation {one['std']:.2f})"
                    for one in table.to_dict("records")
                ],
            )
            line = table[table["metric"] == "chrf"].sort_values("pairs")["mean"]
            result["curve_rises"] = bool(line.is_monotonic_increasing)
            result["curve_chrf"] = [round(value, 2) for value in line]
            for kind, known in KNOWN.items():
                made = noise(task, kind)
                show(
                    f"{ADDED:,} pairs ({kind}) beside {known:,}, {SHUFFLED:.0%} with another's translation",
                    [
                        *(
                            f"{name:6} against none: {', '.join(said)}"
                            for name, said in made.verdicts.items()
                        ),
                        *(
                            f"{name:6} against clean: {100 * one.difference:+.2f} points of mean grade "
                            f"({100 * one.low:+.2f} to {100 * one.high:+.2f}, p = {one.p:.2g}, n = {one.n})"
                            for name, one in made.losses.items()
                        ),
                        f"gate: {made.caught} of {made.shuffled} wrong pairs and {made.refused} of {made.clean} others kept out",
                    ],
                )
                name = kind.replace(" ", "_")
                result[f"{name}_noisy_verdicts"] = made.verdicts["noisy"]
                result |= {
                    f"{name}_{arm}_loss": round(100 * one.difference, 3) for arm, one in made.losses.items()
                }
        finally:
            shutil.rmtree(folder)
    else:
        show("Tanaka", ["left out: ../shared/data/tanaka_enja is not there"])
    if not given.no_lora:
        from benchmarks import lora

        tuned = lora.measure(0)
        show("LoRA on a tiny checkpoint", [f"{name:24} {value}" for name, value in tuned.items()])
        result |= {name: tuned[name] for name in ("lora_loss_before", "lora_loss_after")}
    print(json.dumps(result))


if __name__ == "__main__":
    main()
