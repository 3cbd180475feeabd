"""The figures of the README, generated from the results of the benchmarks that measure them.

    python -m benchmarks.figures keep NAME       run a benchmark, and store its last line
    python -m benchmarks.figures                 write the table of the README from the stored lines

`make bench-NAME KEEP=1` does both. The last line of each benchmark is stored as `benchmarks/figures/NAME.json`; each
row of the table "Measured claims" is a template over one of these files, so that the README only contains figures
that a command printed. `tests/benchmarks/test_figures.py` checks that. The translated READMEs have the same rows with
the numbers in the same order; there only the numbers are written anew.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
README = HERE.parent / "README.md"
TRANSLATIONS = (HERE.parent / "README.zh-CN.md", HERE.parent / "README.ja.md")
BEGIN, END = "<!-- figures -->", "<!-- end of figures -->"
NUMBER = re.compile(r"[+-]?\d[\d.,]*(?<![.,])")


@dataclass(frozen=True)
class Claim:
    """A row of the table: the claim, and a template of its figures over the last line of the benchmark.

    The template uses the format syntax of Python; `{name:%}` shows a share as percent with one digit.
    """

    benchmark: str
    what: str
    figures: str


CLAIMS = [
    Claim(
        "example",
        "the loop's last champion beats the seed model on the example's {test_rows} held-out rows",
        "{seed_model:.3f} to {champion:.3f} right ({gain_level:.1%} interval of the change {gain_low:+.3f} to {gain_high:+.3f})",
    ),
    Claim(
        "example",
        "the gate finds the dirt planted in the example's pool, and spares clean rows",
        "{gate_recall:.1%} of {dirty_rows} dirty rows, {false_quarantine:.1%} of {clean_rows} clean ones",
    ),
    Claim(
        "gate",
        "planted defects in real rows (CLINC150, Tanaka) that the gate finds; clean rows that it wrongly rejects (the worse of both)",
        "{recall:.1%}; {false_quarantine:.1%}",
    ),
    Claim(
        "translation",
        "a translation memory on the second example: the last champion beats the seed model on {test_pairs} held-out pairs",
        "chrF {chrf_before:.1f} to {chrf_after:.1f} (95% interval of the change {chrf_gain_low:+.1f} to {chrf_gain_high:+.1f})",
    ),
    Claim(
        "translation",
        "the same student on real pairs (Tanaka), from 500 to 10,000 of them",
        "chrF {curve_chrf[0]:.1f} to {curve_chrf[4]:.1f}, mean of 3 draws",
    ),
    Claim(
        "choice",
        "choosing by uncertainty beats random choice (CLINC150, 2,000 rows, 5 seeds)",
        "{uncertainty:.1f} % against {random:.1f} % right",
    ),
    Claim(
        "lift",
        "a student that reads meaning beside words, with 10 and with 5 rows of each of 150 intents (CLINC150, {seeds} seeds)",
        "{few_shot_10:.1f} and {few_shot_5:.1f} % right; words alone {bag_of_words_10:.1f} and {bag_of_words_5:.1f} %",
    ),
    Claim(
        "decision",
        "equal models are not promoted, in one look and over ten adaptive rounds (worst setting, budget 5 %)",
        "{aa_single:.1%} and {aa_ten_rounds:.1%}",
    ),
    Claim(
        "decision",
        "true gains of 1.4 and 2 times the stated detectable difference are promoted (worst setting)",
        "{power_1_4:.1%} and {power_2:.1%}",
    ),
    Claim(
        "teacher",
        "1,000 requests, a fifth of the attempts spoiled in 14 ways: rows lost, stored answers asked for again",
        "{lost} and {requested_again}",
    ),
    Claim(
        "teacher",
        "runs with random usage that passed the cap on money; estimates within 15 % of the bill",
        "{cap_passed} of {runs}; {estimates_within_15_percent} %",
    ),
    Claim(
        "teacher",
        "paid requests with the ledger on, beside the plain SDK",
        "{speed_ratio:.1f} times as many a second, {cpu_ms_per_request:.1f} ms CPU each",
    ),
    Claim(
        "server",
        "a list page of 20 of 10,000 runs, SQLite and PostgreSQL (95 of 100)",
        "{list_p95_ms_sqlite:.0f} ms and {list_p95_ms_postgres:.0f} ms",
    ),
    Claim("server", "progress of a running experiment to a client (95 of 100)", "{progress_p95_s:.1f} s"),
    Claim(
        "fuzz",
        "damaged files and task files at every door that reads one: crashes that are no plain refusal; over 5 s",
        "{crashes} and {over_5_s} of {inputs:,}",
    ),
    Claim(
        "faults",
        "known faults, each made for real: cases that end as they must; tracebacks; runs and processes left behind",
        "{agree} of {cases}; {tracebacks}; {left_running}",
    ),
]


def kept(name: str) -> dict[str, Any]:
    """Return the stored last line of a benchmark.

    Raises:
        FileNotFoundError: none is stored.
    """
    found: dict[str, Any] = json.loads((HERE / "figures" / f"{name}.json").read_text(encoding="utf-8"))
    return found


def table() -> str:
    """Return the table of claims."""
    lines = ["| claim | measured | command |", "|---|---|---|"]
    for claim in CLAIMS:
        values = kept(claim.benchmark)
        what, figures = (text.format(**values).replace("%", " %") for text in (claim.what, claim.figures))
        lines.append(
            f"| {what.replace('  %', ' %')} | {figures.replace('  %', ' %')} | `make bench-{claim.benchmark}` |"
        )
    return "\n".join(lines)


def with_numbers(translated: str, original: str) -> str:
    """Return a translated table with the numbers of the original one, row by row and in their order.

    Raises:
        ValueError: the tables differ in their rows, or a row in how many numbers it has.
    """
    rows, original_rows = translated.splitlines(), original.splitlines()
    if len(rows) != len(original_rows):
        raise ValueError(
            f"{len(rows)} translated rows, {len(original_rows)} in English: translate the table anew"
        )
    written = []
    for row, original_row in zip(rows, original_rows, strict=True):
        numbers = NUMBER.findall(original_row)
        if len(NUMBER.findall(row)) != len(numbers):
            raise ValueError(f"translate this row with all its numbers in their order: {original_row}")
        texts = NUMBER.split(row)
        written.append("".join(text + number for text, number in zip(texts, [*numbers, ""], strict=True)))
    return "\n".join(written)


def write() -> None:
    """Write the table between its markers in the README, and its numbers into the translations."""
    _replace_table(README, lambda _: table())
    for translation in TRANSLATIONS:
        _replace_table(translation, lambda translated: with_numbers(translated, table()))


def _replace_table(page: Path, new_table: Callable[[str], str]) -> None:
    head, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    old_table, _, tail = rest.partition(END)
    page.write_text(f"{head}{BEGIN}\n{new_table(old_table.strip())}\n{END}{tail}", encoding="utf-8")


def keep(name: str, arguments: list[str]) -> None:
    """Run a benchmark, show its output, and store its last line.

    Raises:
        subprocess.CalledProcessError: it failed.
        ValueError: its last line is not a JSON object, or states that something was not measured (None); nothing is
            stored then.
    """
    command = [sys.executable, "-m", f"benchmarks.{name.replace('-', '_')}", *arguments]
    last = ""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
            last = line if line.strip() else last
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    values = json.loads(last)
    missing = [key for key, value in values.items() if value is None]
    if missing:
        raise ValueError(f"{name} measured no {', '.join(missing)}: nothing is kept")
    (HERE / "figures").mkdir(exist_ok=True)
    (HERE / "figures" / f"{name}.json").write_text(f"{json.dumps(values, indent=1)}\n", encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1:2] == ["keep"]:
        keep(sys.argv[2], sys.argv[3:])
    write()
