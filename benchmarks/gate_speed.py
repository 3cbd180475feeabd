"""Time and memory of the gate with all offline checks, from 10,000 rows to a million.

    python -m benchmarks.gate_speed [--sizes 10000 100000 1000000] [--alone]

Rows are word chains of CLINC150's intents: real words and phrases in new sentences, one label each, no two the
same; its seed rows are accepted, its development and test rows held out. Each size is read from a file, checked and
measured in a separate process: seconds from the file to the verdict, and the peak memory of the process and its
children together. The exponent is the least-squares slope of log seconds of the checks over log rows. For comparison, on
100,000 of the rows: the same checks as far as Great Expectations has expectations for them, and
deduplication by datatrove's MinHash where it is installed (`--alone` leaves both out). The last line is JSON.
"""

from __future__ import annotations

import argparse
import csv
import inspect
import itertools
import json
import math
import random
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT.parent / "shared" / "data" / "clinc150"
BARS = {"seconds_1m": 120.0, "peak_gb": 4.0, "exponent": 1.1}
COMPARED = 100_000
PAGE_SECONDS = 0.1  # between two looks at the memory


def clinc(part: str) -> list[tuple[str, str]]:
    """Return text and label of each row of a part of CLINC150."""
    with (DATA / f"{part}.csv").open(encoding="utf-8", newline="") as file:
        return [(line["text"], line["label"]) for line in csv.DictReader(file)]


def chains(count: int, seed: int) -> list[tuple[str, str]]:
    """Generate distinct sentences of 4 to 30 words: each word follows one that it follows in a row of the same label."""
    rng = random.Random(seed)
    after: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for text, label in [*clinc("seed"), *clinc("pool")]:
        words = ["", *text.split(), ""]
        for one, other in itertools.pairwise(words):
            after[label][one].append(other)
    made: list[tuple[str, str]] = []
    for label, follows in after.items():
        seen: set[str] = set()
        while len(seen) < count // len(after) + 1:
            words = [rng.choice(follows[""])]
            while len(words) <= 30 and (word := rng.choice(follows[words[-1]])):
                words.append(word)
            if len(words) >= 4:
                seen.add(" ".join(words))
        made.extend((text, label) for text in sorted(seen))
    rng.shuffle(made)
    return made[:count]


def write_task(folder: Path, rows: list[tuple[str, str]]) -> None:
    """Write a task folder: the rows as pool, CLINC150's rows as seed, development and test."""
    parts = {"pool": rows, "seed": clinc("seed"), "development": clinc("val"), "test": clinc("test")}
    for name, given in parts.items():
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([("text", "label"), *given])
    labels = sorted({label for _, label in parts["seed"]})
    task: dict[str, Any] = {
        "version": 1, "name": "speed", "inputs": {"text": {"language": "en"}},
        "target": {"field": "label", "labels": labels}, "contract": {"type": "object"},
        "metrics": [{"name": "accuracy"}], "data": {name: f"{name}.csv" for name in parts},
    }  # fmt: skip
    (folder / "task.yaml").write_text(json.dumps(task), encoding="utf-8")


class Timed:
    """A check that adds its run time to `spent`; its parameters are those of the wrapped check."""

    def __init__(self, check: Any, name: str, spent: dict[str, float]) -> None:
        self._check, self._name, self._spent = check, name, spent
        self.__signature__ = inspect.signature(check)
        self.__globals__, self.__module__ = check.__globals__, check.__module__

    def __call__(self, *given: Any, **named: Any) -> Any:
        """Call the check and add its seconds to `spent`."""
        start = time.perf_counter()
        try:
            return self._check(*given, **named)
        finally:
            self._spent[self._name] = self._spent.get(self._name, 0.0) + time.perf_counter() - start


def one_size(folder: Path) -> dict[str, Any]:
    """Read and check the pool of a task folder in this process; return seconds of each part, and the rules' outcomes."""
    from veritrain_lib.core import registry
    from veritrain_lib.core.rows import read_examples
    from veritrain_lib.core.task import load_task
    from veritrain_lib.quality.context import Context
    from veritrain_lib.quality.gate import run_gate
    from veritrain_lib.quality.suite import load_suite

    task = load_task(folder)
    read = {kind: task.file(kind) for kind in ("seed", "development", "test")}
    frames = {
        kind: read_examples(task, path, "human", answers=kind != "test")
        for kind, path in read.items()
        if path
    }
    trainer = registry.get("trainers", task.trainer.name)(**task.trainer.parameters)
    context = Context(
        task, frames["seed"], frames["development"], frames["test"],
        lambda rows: trainer.train(task, rows, seed=task.seed).model,
    )  # fmt: skip
    suite = load_suite(task.gate)
    spent: dict[str, float] = {}
    known: Any = registry.get

    def timed(kind: str, name: str) -> Any:
        found = known(kind, name)
        return Timed(found, name, spent) if kind == "checks" else found

    registry.get = timed  # what `findings` asks for its checks
    start = time.perf_counter()
    pool = read_examples(task, folder / "pool.csv", "pool")
    middle = time.perf_counter()
    verdict = run_gate(pool, context, suite)
    end = time.perf_counter()
    rules = verdict.rules[["rule", "rejected", "outcome"]].to_dict("records")
    return {"rows": len(pool), "read": middle - start, "judge": end - middle, "checks": spent, "rules": rules,
            "status": verdict.status, "why": verdict.block_reasons, "accepted": len(verdict.accepted)}  # fmt: skip


def measured(folder: Path) -> dict[str, Any]:
    """Run `one_size` in a separate process, with the peak memory (GB) of it and its children together."""
    import psutil

    peak = [0]
    command = [sys.executable, "-m", "benchmarks.gate_speed", "--folder", str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def watch() -> None:
        root = psutil.Process(process.pid)
        while process.poll() is None:
            try:
                whole = [root, *root.children(recursive=True)]
                peak[0] = max(peak[0], sum(one.memory_info().rss for one in whole))
            except psutil.NoSuchProcess:
                continue
            time.sleep(PAGE_SECONDS)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    said, _ = process.communicate()
    watcher.join()
    if process.returncode:
        raise SystemExit(f"judging {folder} failed with code {process.returncode}")
    found: dict[str, Any] = json.loads(said.splitlines()[-1])
    return {**found, "peak_gb": peak[0] / 1e9}


def exponent(found: list[dict[str, Any]]) -> float | None:
    """Return the slope of log seconds of the checks over log rows, None for a single size."""
    if len(found) < 2:
        return None
    xs, ys = ([math.log(one[key]) for one in found] for key in ("rows", "judge"))
    x, y = sum(xs) / len(xs), sum(ys) / len(ys)
    return sum((a - x) * (b - y) for a, b in zip(xs, ys, strict=True)) / sum((a - x) ** 2 for a in xs)


def expectations_seconds(rows: list[tuple[str, str]]) -> tuple[float, list[str]]:
    """Run Great Expectations alone; return seconds, and the checks that it has expectations for."""
    import pandas as pd

    from veritrain_lib.quality.checks.personal_data import CARD, EMAIL, IBAN
    from veritrain_lib.quality.gx_expectations import gx
    from veritrain_lib.quality.personal_data.national_ids import SOCIAL

    library = gx()
    frame = pd.DataFrame(rows, columns=["text", "label"])
    labels = sorted(set(frame["label"]))
    kinds = library.expectations
    patterns = [re.sub(r"\s+", " ", one.pattern) for one in (EMAIL, CARD, IBAN, SOCIAL)]
    expectations = {
        "required fields": kinds.ExpectColumnValuesToNotBeNull(column="text"),
        "contract": kinds.ExpectColumnValuesToBeInSet(column="label", value_set=labels),
        "length": kinds.ExpectColumnValueLengthsToBeBetween(column="text", min_value=2, max_value=2000),
        "personal data": kinds.ExpectColumnValuesToNotMatchRegexList(column="text", regex_list=patterns),
        "exact duplicates": kinds.ExpectColumnValuesToBeUnique(column="text"),
    }
    context = library.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    asset = context.data_sources.add_pandas("rows").add_dataframe_asset("rows")
    batch = asset.add_batch_definition_whole_dataframe("rows").get_batch(
        batch_parameters={"dataframe": frame}
    )
    suite = library.ExpectationSuite(name="direct", expectations=list(expectations.values()))
    start = time.perf_counter()
    batch.validate(suite, result_format="COMPLETE")
    return time.perf_counter() - start, list(expectations)


def datatrove_says(rows: list[tuple[str, str]]) -> dict[str, Any] | None:
    """Run datatrove's MinHash deduplication in its environment; return seconds and rows kept, None without one."""
    python = ROOT / ".venv-datatrove" / "bin" / "python"
    if not python.exists():
        return None
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as file:
        file.write("\n".join(text for text, _ in rows))
        file.flush()
        command = [str(python), "-m", "benchmarks.datatrove_minhash", file.name]
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    if done.returncode:
        raise SystemExit(f"datatrove ended with code {done.returncode}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def show(found: list[dict[str, Any]]) -> None:
    """Print the tables."""
    print(f"\n{'rows':>10} {'read s':>8} {'judge s':>8} {'peak GB':>8}  status, accepted")
    for one in found:
        print(
            f"{one['rows']:10,} {one['read']:8.1f} {one['judge']:8.1f} {one['peak_gb']:8.2f}  {one['status']}, {one['accepted']:,}"
        )
    last = found[-1]
    for reason in last["why"]:
        print(f"  blocked: {reason[:200]}")
    print(f"\nSeconds of each check at {last['rows']:,} rows, and rows that the rule rejects")
    rejected = {rule["rule"]: rule for rule in last["rules"]}
    for name, seconds in sorted(last["checks"].items(), key=lambda item: -item[1]):
        rule = rejected.get(name, {"rejected": "", "outcome": ""})
        print(f"  {name:22} {seconds:7.1f}  {rule['rejected']!s:>8} {rule['outcome']}")


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--alone", action="store_true", help="leave out Great Expectations and datatrove")
    parser.add_argument("--folder", type=Path, help="only read and judge this task folder, in this process")
    given = parser.parse_args()
    if given.folder:
        print(json.dumps(one_size(given.folder)))
        return
    rows = chains(max(given.sizes), given.seed)
    found = []
    for size in sorted(given.sizes):
        with tempfile.TemporaryDirectory() as name:
            write_task(Path(name), rows[:size])
            found.append(measured(Path(name)))
    show(found)
    if not given.alone:
        compared = rows[:COMPARED]
        seconds, expectations = expectations_seconds(compared)
        print(f"\nBeside it, on {len(compared):,} rows:")
        print(
            f"  Great Expectations alone {seconds:7.1f} s: {', '.join(expectations)}; the other checks have no expectation of its own"
        )
        other = datatrove_says(compared)
        shown = (
            "not installed (make bench-gate-speed installs it)"
            if other is None
            else f"{other['seconds']:7.1f} s: near duplicates only, {other['kept']:,} rows kept"
        )
        print(f"  datatrove MinHash        {shown}")
    last = found[-1]
    print(f"\nBars: {', '.join(f'{name} <= {bar}' for name, bar in BARS.items())}")
    print(json.dumps({
        f"seconds_{'1m' if last['rows'] == 1_000_000 else last['rows']}": round(last["read"] + last["judge"], 1),
        "peak_gb": round(max(one["peak_gb"] for one in found), 2),
        "exponent": None if (slope := exponent(found)) is None else round(slope, 3),
    }))  # fmt: skip


if __name__ == "__main__":
    main()
