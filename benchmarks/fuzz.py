"""Fuzzing of all readers: damaged files of every format must be rejected with an error message, never crash.

    python -m benchmarks.fuzz [--inputs 100000] [--seed 0] [--jobs 2]

Intact files of each format (`fuzzing/seeds.py`) are damaged at random (`fuzzing/mutate.py`) and read by the entry points
that accept them (`fuzzing/targets.py`): rows as CSV, TSV, JSON, Excel and Parquet by the reader, uploads, new-task, labels.csv
and a task's data; task files by their loader. A crash is any failure that would not end a command with exit code 2. The
last line is one JSON object: `inputs`, `refused`, `crashes`, `over_5_s`, and `slowest_s`.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.fuzzing.mutate import mutated
from benchmarks.fuzzing.seeds import ROWS, TASK, seeds
from benchmarks.fuzzing.targets import is_the_users, read_rows, read_task
from veritrain_lib.core.errors import UserError

LIMIT_S = 5.0

SHARES = {".csv": 30, ".tsv": 5, ".jsonl": 20, ".json": 15, ".xlsx": 8, ".parquet": 7, ".yaml": 15}
"""How many of 100 inputs are of a format: the quick ones more often."""

A_JOB = 500
"""Inputs that one process reads before it gives its results back."""


@dataclass
class Result:
    """The results of some inputs; `crashes` has one text each: format, number of the input, and location."""

    inputs: int = 0
    refused: int = 0
    over: int = 0
    slowest_s: float = 0.0
    crashes: list[str] = field(default_factory=list)


def damaged(seed: int, number: int) -> tuple[str, bytes, random.Random]:
    """Return the format and content of one input; the same for the same numbers."""
    rng = random.Random(f"{seed}/{number}")
    suffix = rng.choices(list(SHARES), list(SHARES.values()))[0]
    whole = seeds()
    other = rng.choice(whole[rng.choice(list(whole))])
    return suffix, mutated(rng, rng.choice(whole[suffix]), other), rng


def prepare(folder: Path) -> None:
    """Write a task with its files for readers that need one, then call every reader once with an intact file.

    The calls exclude the time of imports from the first input.
    """
    (folder / "task.yaml").write_text(TASK, encoding="utf-8")
    lines = [f'"{str(row["text"]).replace(chr(34), "")}",{row["label"]}' for row in ROWS]
    (folder / "rows.csv").write_text("\n".join(["text,label", *lines, ""]), encoding="utf-8")
    for suffix, contents in seeds().items():
        for turn in range(5):
            with contextlib.suppress(UserError):
                if suffix == ".yaml":
                    read_task(folder, contents[0])
                else:
                    read_rows(folder, f"whole{suffix}", contents[0], turn)


def run(folder: Path, seed: int, numbers: range) -> Result:
    """Read the inputs of these numbers, in a folder that `prepare` has filled."""
    result = Result()
    for number in numbers:
        suffix, content, rng = damaged(seed, number)
        start = time.perf_counter()
        try:
            if suffix == ".yaml":
                read_task(folder, content)
            else:
                read_rows(folder, f"damaged{suffix}", content, rng.randrange(60))
        except Exception as error:  # noqa: BLE001  # that is the question
            if is_the_users(error):
                result.refused += 1
            else:
                last = traceback.extract_tb(error.__traceback__)[-1]
                where = f"{Path(last.filename).name}:{last.lineno}"
                result.crashes.append(
                    f"{suffix} input {number}: {type(error).__name__} at {where}: {str(error)[:100]}"
                )
        seconds = time.perf_counter() - start
        result.inputs += 1
        result.over += seconds > LIMIT_S
        result.slowest_s = max(result.slowest_s, seconds)
        if seconds > LIMIT_S:
            print(f"{suffix} input {number} took {seconds:.1f} s", flush=True)
    return result


def _job(seed: int, numbers: range) -> Result:
    with tempfile.TemporaryDirectory(prefix="fuzz-") as name:
        folder = Path(name).resolve()
        os.environ["VERITRAIN_HOME"] = name
        prepare(folder)
        return run(folder, seed, numbers)


def _all(inputs: int, seed: int, jobs: int) -> Iterator[Result]:
    parts = [range(start, min(start + A_JOB, inputs)) for start in range(0, inputs, A_JOB)]
    with ProcessPoolExecutor(jobs) as pool:
        yield from pool.map(_job, [seed] * len(parts), parts)


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--inputs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--show", type=int, default=None, help="write one input's content to standard output")
    options = parser.parse_args()
    if options.show is not None:
        sys.stdout.buffer.write(damaged(options.seed, options.show)[1])
        return 0
    whole = Result()
    for part in _all(options.inputs, options.seed, options.jobs):
        for crash in part.crashes:
            print(crash, flush=True)
        whole.inputs += part.inputs
        whole.refused += part.refused
        whole.over += part.over
        whole.slowest_s = max(whole.slowest_s, part.slowest_s)
        whole.crashes += part.crashes
        if whole.inputs % 10_000 < A_JOB:
            print(
                f"{whole.inputs} inputs read, {whole.refused} refused, {len(whole.crashes)} crashes",
                flush=True,
            )
    print(
        json.dumps(
            {
                "inputs": whole.inputs,
                "refused": whole.refused,
                "crashes": len(whole.crashes),
                "over_5_s": whole.over,
                "slowest_s": round(whole.slowest_s, 2),
            }
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
