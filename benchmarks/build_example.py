"""Build the files of the built-in example from hand-written messages, and plant defects in the pool.

    python -m benchmarks.build_example [--seed 2026] [--out veritrain_lib/examples/support]

Reads benchmarks/example_source: `<intent>.txt` (a message a line), `other_languages.tsv` (language, intent,
message) and `garbage.txt`. Writes seed.csv, dev.csv, test.csv, pool.csv (text, label) and dirt.csv (row of
pool.csv from 1, kind, detail, label the row should have), which only tests and benchmarks read. The same
seed gives the same files. The planting is in `benchmarks.dirt` and shares no code with the checks that must find it.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

from benchmarks.dirt import Dirt, Message, plant
from benchmarks.example_files import Options, options, save_table

SOURCE = Path(__file__).parent / "example_source"
OUT = Path(__file__).resolve().parents[1] / "veritrain_lib" / "examples" / "support"
SEED = 2026
SEED_ROWS, DEVELOPMENT_ROWS, TEST_ROWS, POOL_TEXTS = 10, 20, 60, 54
"""Messages an intent of each part; 54 pool messages of 12 intents and 72 copies and foreign rows make 720."""


@dataclass(frozen=True)
class Example:
    """The rows of the example.

    `dirt` maps pool rows, by their position from 0, to their defects.
    """

    seed: list[Message]
    development: list[Message]
    test: list[Message]
    pool: list[Message]
    dirt: dict[int, Dirt]


def read_intents(source: Path) -> dict[str, list[str]]:
    """Read the messages by intent, in the order of the files.

    Raises:
        ValueError: an intent has too few messages, or a message occurs twice.
    """
    files = sorted(path for path in source.glob("*.txt") if path.stem != "garbage")
    intents = {path.stem: _lines(path) for path in files}
    needed = SEED_ROWS + DEVELOPMENT_ROWS + TEST_ROWS + POOL_TEXTS
    owner: dict[str, str] = {}
    for intent, messages in intents.items():
        if len(messages) < needed:
            raise ValueError(f"{intent}.txt has {len(messages)} messages, {needed} are needed")
        for message in messages:
            key = "".join(character for character in message.lower() if character.isalnum())
            if key in owner:
                raise ValueError(f"{intent}.txt: {message!r} stands twice (also in {owner[key]}.txt)")
            owner[key] = intent
    return intents


def build(source: Path = SOURCE, seed: int = SEED) -> Example:
    """Split the messages at random and plant defects in the pool; the same seed gives the same example."""
    rng = random.Random(seed)
    parts: dict[str, list[Message]] = {"seed": [], "development": [], "test": [], "pool": []}
    sizes = {"seed": SEED_ROWS, "development": DEVELOPMENT_ROWS, "test": TEST_ROWS, "pool": POOL_TEXTS}
    for intent, messages in read_intents(source).items():
        left = rng.sample(messages, len(messages))
        for part, size in sizes.items():
            parts[part] += [Message(text, intent) for text in left[:size]]
            left = left[size:]
    for messages_of_part in parts.values():
        rng.shuffle(messages_of_part)
    pool, dirt = plant(
        parts["pool"],
        seed=parts["seed"],
        test=parts["test"],
        foreign=read_foreign(source),
        garbage=_lines(source / "garbage.txt"),
        rng=rng,
    )
    return Example(parts["seed"], parts["development"], parts["test"], pool, dirt)


def read_foreign(source: Path) -> list[Message]:
    """Read the messages in other languages, with the intent that they would have."""
    cells = [line.split("\t") for line in _lines(source / "other_languages.tsv")]
    return [Message(text, intent) for _, intent, text in cells]


def write(example: Example, folder: Path) -> None:
    """Write the five files into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in (
        ("seed", example.seed),
        ("dev", example.development),
        ("test", example.test),
        ("pool", example.pool),
    ):
        save_table(folder / f"{name}.csv", ["text", "label"], ((row.text, row.label) for row in rows))
    lines = (
        (str(at + 1), defect.kind, defect.detail, defect.label) for at, defect in sorted(example.dirt.items())
    )
    save_table(folder / "dirt.csv", ["row", "kind", "detail", "original_label"], lines)


def _lines(path: Path) -> list[str]:
    # Not splitlines: a message may hold characters that Python takes for line ends.
    return [line for line in path.read_text(encoding="utf-8").split("\n") if line.strip()]


def main() -> None:
    """Run the command line."""
    given = options("Build the files of the built-in example.", Options(SOURCE, OUT, SEED))
    example = build(given.source, given.seed)
    write(example, given.out)
    print(f"{len(example.pool)} pool rows, {len(example.dirt)} dirty, written to {given.out}")


if __name__ == "__main__":
    main()
