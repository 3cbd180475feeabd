"""Benchmark of known faults: each is reproduced for real and reported in one row of a table.

    python -m benchmarks.faults [--only WORD] [--jobs 2]

A case is a small wrong input, or a step that fails, with the required exit code, message and status of the tracked
run (`case.py`). The last line is one JSON object: `cases`, how many `agree`, how many showed a traceback
(`tracebacks`), took over 60 seconds (`over_60_s`), and left a run RUNNING or a process behind (`left_running`).
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import pkgutil
import sqlite3
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import psutil

from benchmarks.faults import cases as areas
from benchmarks.faults.case import LIMIT_S, Case, Seen, timed

TRACEBACK = "Traceback (most recent call last)"


@dataclass(frozen=True)
class Row:
    """One case as a row of the table."""

    case: Case
    seen: Seen
    seconds: float
    disagrees: str
    left_running: int


def all_cases() -> list[Case]:
    """Return the cases of every area, sorted by name.

    Raises:
        ValueError: a name occurs twice.
    """
    found: list[Case] = []
    for area in pkgutil.iter_modules(areas.__path__, f"{areas.__name__}."):
        found += importlib.import_module(area.name).CASES
    names = [case.name for case in found]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"two cases of one name: {', '.join(twice)}")
    return sorted(found, key=lambda case: case.name)


def left_running(folder: Path) -> int:
    """Return runs that are RUNNING in any store below a folder, and processes that still work in it."""
    count = 0
    for store in folder.rglob("mlflow.db"):
        if not store.is_file():
            continue  # a folder or a pipe in its place, which would be waited for
        try:
            with sqlite3.connect(f"{store.as_uri()}?mode=ro", uri=True) as connection:
                count += connection.execute("SELECT count(*) FROM runs WHERE status = 'RUNNING'").fetchone()[
                    0
                ]
        except sqlite3.Error:
            continue  # the case spoiled this store on purpose
    for process in psutil.process_iter():
        try:
            count += process.pid != os.getpid() and process.cwd().startswith(str(folder))
        except psutil.Error:
            continue
    return count


def run_case(case: Case) -> Row:
    """Run one case in a new folder, which is removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="fault-", ignore_cleanup_errors=True) as name:
        folder = Path(name).resolve()
        seen, seconds = timed(case, folder)
        return Row(case, seen, seconds, case.disagrees(seen), left_running(folder))


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default="", help="cases whose name holds this")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="cases at once")
    asked = parser.parse_args()
    chosen = [case for case in all_cases() if asked.only in case.name]
    rows: list[Row] = []
    print(f"{'case':<58} {'exit':>4} {'status':<9} {'s':>5}  message")
    with ThreadPoolExecutor(asked.jobs) as pool:
        for row in pool.map(run_case, chosen):
            rows.append(row)
            told = [line for line in row.seen.text.strip().splitlines() if line.strip()]
            print(
                f"{row.case.name:<58} {'' if row.seen.exit_code is None else row.seen.exit_code:>4} "
                f"{row.seen.status:<9} {row.seconds:>5.1f}  {(told[-1] if told else '')[:150]}"
            )
            if row.disagrees:
                print(f"    DISAGREES: {row.disagrees}")
            sys.stdout.flush()
    print(
        json.dumps(
            {
                "cases": len(rows),
                "agree": sum(not row.disagrees for row in rows),
                "tracebacks": sum(TRACEBACK in row.seen.text for row in rows),
                "over_60_s": sum(row.seconds > LIMIT_S for row in rows),
                "left_running": sum(row.left_running for row in rows),
            }
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
