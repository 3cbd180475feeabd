"""Build the files of the translation example from hand-written sentences, and plant defects in the pool.

    python -m benchmarks.build_translation [--seed 2026] [--out veritrain_lib/examples/meetings]

Reads benchmarks/translation_source: situations (`*.txt`, see the first line of each) and `foreign.tsv`, pairs in
other languages. Writes seed.csv, dev.csv, test.csv and pool.csv (text, translation, context, scene, track,
speaker), and dirt.csv (row of pool.csv from 1, kind, detail, the correct translation), which only tests and
benchmarks read. The same seed gives the same files. The planting is in `benchmarks.translation_dirt`.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

from benchmarks.example_files import Options, options, save_table
from benchmarks.translation_dirt import COUNTS, SPOILED_PAIRS, Planted, plant
from benchmarks.translation_text import Pair, pairs_of, read_situations

SOURCE = Path(__file__).parent / "translation_source"
OUT = Path(__file__).resolve().parents[1] / "veritrain_lib" / "examples" / "meetings"
SEED = 2026
SEED_ROWS, DEVELOPMENT_ROWS, TEST_ROWS, POOL_ROWS = 150, 100, 200, 600
CLEAN_ROWS = POOL_ROWS - sum(COUNTS.values())
TIMES = 2
"""How often a sentence is said with other dates, names and numbers, at most."""

COLUMNS = ("text", "translation", "context", "scene", "track", "speaker")


@dataclass(frozen=True)
class Example:
    """The rows of the example, with the defects of each pool row."""

    seed: list[Pair]
    development: list[Pair]
    test: list[Pair]
    pool: list[Planted]


def build(source: Path = SOURCE, seed: int = SEED) -> Example:
    """Fill the sentences, split them at random and plant defects in the pool.

    The same seed gives the same example.

    Raises:
        ValueError: there are too few sentences.
    """
    rng = random.Random(seed)
    pairs = pairs_of(read_situations(source), TIMES, rng)
    sizes = (SEED_ROWS, DEVELOPMENT_ROWS, TEST_ROWS, CLEAN_ROWS, SPOILED_PAIRS)
    if len(pairs) < sum(sizes):
        raise ValueError(
            f"{len(pairs)} sentence pairs, {sum(sizes)} are needed; write more, or fill them more often"
        )
    left = rng.sample(pairs, sum(sizes))
    parts: list[list[Pair]] = []
    for size in sizes:
        parts.append(left[:size])
        left = left[size:]
    human, development, test, clean, spoil = parts
    pool = plant(clean, spoil, seed=human, test=test, foreign=read_foreign(source), rng=rng)
    return Example(human, development, test, pool)


def read_foreign(source: Path) -> list[tuple[str, str]]:
    """Read the pairs of which one side, or both, is in another language than the task's."""
    lines = (source / "foreign.tsv").read_text(encoding="utf-8").split("\n")
    cells = [line.split("\t") for line in lines if line]
    return [(text, translation) for text, translation in cells]


def write(example: Example, folder: Path) -> None:
    """Write the five files into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    pool = [row.pair for row in example.pool]
    parts = {"seed": example.seed, "dev": example.development, "test": example.test, "pool": pool}
    for name, pairs in parts.items():
        cells = [[getattr(pair, column) for column in COLUMNS] for pair in pairs]
        save_table(folder / f"{name}.csv", COLUMNS, cells)
    dirt = [
        [str(number), row.dirt.kind, row.dirt.detail, row.dirt.translation]
        for number, row in enumerate(example.pool, start=1)
        if row.dirt is not None
    ]
    save_table(folder / "dirt.csv", ("row", "kind", "detail", "right_translation"), dirt)


def main() -> None:
    """Run the command line."""
    given = options("Build the files of the translation example.", Options(SOURCE, OUT, SEED))
    example = build(given.source, given.seed)
    write(example, given.out)
    dirty = sum(row.dirt is not None for row in example.pool)
    print(f"{len(example.pool)} pool rows, {dirty} dirty, written to {given.out}")


if __name__ == "__main__":
    main()
