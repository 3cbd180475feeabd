"""Cases: pages and PDFs of every table, and reports whose content must match their subject."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.faults.case import Case, Seen, veritrain

MADE = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def _columns(draw: Random) -> dict[str, list[str]]:
    def word() -> str:
        return "".join(draw.choices("abcdefghijklmnopqrstuvwxyz", k=draw.randrange(1, 12)))

    return {
        f"{word()} {number}": [" ".join(word() for _ in range(draw.randrange(1, 20))) for _ in range(3)]
        for number in range(draw.randrange(1, 13))
    }


ODD: dict[str, dict[str, list[Any]]] = {
    "no_columns": {},
    "no_rows": {"a": [], "b": []},
    "one_long_word": {"a": ["x" * 4_000]},
    "forty_columns": {f"column {number}": [number / 7] for number in range(40)},
    "japanese": {"入力": ["請求書の金額が間違っています" * 30], "出力": ["はい"]},
    "control_characters": {"a\x00b": ["\u202e\x07x"]},
    "nested": {"a": [{"b": [1] * 500}]},
    "huge_numbers": {"a": [10**300, float("nan"), float("inf"), -0.0]},
}


def _set(name: str, tables: Callable[[], list[dict[str, list[Any]]]]) -> Case:
    def run(folder: Path) -> Seen:
        import pandas as pd

        from veritrain_lib.reporting import ReportDocument, TableBlock, to_html, to_pdf

        document = ReportDocument("Report", "", tuple(TableBlock(pd.DataFrame(table)) for table in tables()))
        pdf, page = to_pdf(document, MADE), to_html(document)
        return Seen(None, f"{pdf[:5].decode()} {len(pdf)} bytes, page of {len(page)} characters")

    return Case(f"pages/{name}", run, None, says=["%PDF-"])


def _random(seed: int) -> Case:
    draw = Random(seed)
    return _set(f"random_tables_{seed}", lambda: [_columns(draw) for _ in range(6)])


def _odd(name: str) -> Case:
    return _set(f"table_{name}", lambda: [ODD[name]])


def _report(name: str, *arguments: str, says: str) -> Case:
    def run(folder: Path) -> Seen:
        return veritrain(folder, "report", "support", *arguments)

    return Case(f"pages/report_{name}", run, 2, says=[says])


CASES = [
    *[_random(seed) for seed in range(1, 7)],
    *[_odd(name) for name in ODD],
    _report("loop_without_a_loop", "--scope", "loop", says="has no loop yet"),
    _report("unknown_scope", "--scope", "galaxy", says="round"),
]
