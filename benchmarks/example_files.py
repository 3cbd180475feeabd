"""Command line options and CSV output that the builders of the built-in examples share."""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Options:
    """Source folder of the hand-written texts, output folder, and seed of split and defects."""

    source: Path
    out: Path
    seed: int


def options(description: str, default: Options) -> Options:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--seed", type=int, default=default.seed, help="seed of the split and of the dirt")
    parser.add_argument(
        "--source", type=Path, default=default.source, help="folder of the hand-written texts"
    )
    parser.add_argument("--out", type=Path, default=default.out, help="folder to write to")
    given = parser.parse_args()
    return Options(given.source, given.out, given.seed)


def save_table(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Write a CSV in UTF-8 with line feeds."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
