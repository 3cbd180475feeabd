"""A task of three answers over a vocabulary of its own, and a light suite: a stage over it takes a moment.

Seed rows use only the first words of each label, so that rows from the pool teach a model very much: with
them a challenger is better beyond doubt even on 60 held-out rows.
"""

from __future__ import annotations

import csv
import json
import random
from pathlib import Path
from typing import Any

import yaml

LABELS = ("billing", "greeting", "parcel")

OWN_TRAINER = """
def make(seed=0, C=1.0):
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    return make_pipeline(CountVectorizer(), LogisticRegression(C=C, max_iter=500))
"""
"""A user's own trainer: the content of a file beside the task."""

WORDS = {
    "billing": [
        "invoice",
        "charged",
        "payment",
        "receipt",
        "credit",
        "amount",
        "bank",
        "refund",
        "price",
        "money",
        "fee",
        "tax",
    ],
    "greeting": [
        "hello",
        "morning",
        "evening",
        "welcome",
        "howdy",
        "thanks",
        "regards",
        "cheers",
        "bye",
        "friend",
        "nice",
        "sunny",
    ],
    "parcel": [
        "courier",
        "shipping",
        "package",
        "tracking",
        "depot",
        "doorstep",
        "driver",
        "delivery",
        "box",
        "late",
        "van",
        "street",
    ],
}
FILLERS = [
    "please",
    "the",
    "my",
    "is",
    "a",
    "for",
    "this",
    "order",
    "you",
    "can",
    "we",
    "about",
    "it",
    "when",
    "today",
    "again",
    "still",
    "not",
]

SIZES = {"seed": 7, "dev": 10, "test": 20, "pool": 20}
"""Rows of each label in each file."""


def write_tiny(
    folder: Path,
    name: str = "tiny",
    *,
    seed_words: int = 2,
    sizes: dict[str, int] | None = None,
    labelled_pool: bool = True,
    suite: str = "suite.json",
    mostly: float = 0.5,
    **parts: Any,
) -> Path:
    """Write task.yaml, its data and its suite into a folder; gives the task file. No text is in two files.

    `seed_words` of the twelve words of a label appear in seed rows; `parts` replace top-level keys of the
    task file.
    """
    folder.mkdir(parents=True, exist_ok=True)
    chance = random.Random(name)
    used: set[str] = set()
    for file, each in {**SIZES, **(sizes or {})}.items():
        words = seed_words if file == "seed" else 12
        rows = [(_fresh(label, words, chance, used), label) for label in LABELS for _ in range(each)]
        write_rows(
            folder / f"{file}.csv",
            [(text, label if file != "pool" or labelled_pool else "") for text, label in rows],
        )
    write_suite(folder / "suite.json", mostly)
    path = folder / "task.yaml"
    path.write_text(yaml.safe_dump({**_content(name), "gate": suite, **parts}), encoding="utf-8")
    return path


def write_rows(file: Path, rows: list[tuple[str, str]]) -> None:
    """Write a data file of the task."""
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["text", "label"])
        writer.writerows(rows)


def read_rows(file: Path) -> list[dict[str, str]]:
    """Read a data file of the task; ids as they were before they got a prefix for spreadsheets."""
    with file.open(encoding="utf-8-sig", newline="") as there:
        rows = list(csv.DictReader(there))
    return [{**row, "id": row["id"].removeprefix("row-")} if "id" in row else row for row in rows]


def write_suite(file: Path, mostly: float, minimum_rows: int = 1) -> None:
    """A suite of the cheap rules; `mostly` is the share of rows that must have no copy."""
    rules = [
        {
            "type": "expect_column_values_to_be_in_set",
            "kwargs": {"column": f"ok_{rule}", "value_set": [True], "mostly": share},
            "severity": "critical",
            "meta": {
                "rule": rule,
                "check": rule,
                "parameters": {},
                "needs_label": rule == "contract",
                "action": "quarantine",
                "reason": f"the rule {rule}",
                "owner": "tests",
                "source": "tests",
            },
        }
        for rule, share in (("contract", 0.9), ("empty", 0.9), ("exact_duplicate", mostly))
    ]
    dataset = {"minimum_rows": minimum_rows, "minimum_accepted_share": 0.1, "minimum_rows_per_label": 0}
    content = {"name": "light", "version": 1, "notes": "", "dataset": dataset, "expectations": rules}
    file.write_text(json.dumps(content), encoding="utf-8")


def _fresh(label: str, words: int, chance: random.Random, used: set[str]) -> str:
    while True:
        parts = chance.sample(WORDS[label][:words], 2) + chance.sample(FILLERS, 4)
        chance.shuffle(parts)
        text = " ".join(parts)
        if text not in used:
            used.add(text)
            return text


def _content(name: str) -> dict[str, Any]:
    return {
        "version": 1,
        "name": name,
        "description": "Short messages with three meanings.",
        "inputs": {"text": {"language": "en"}},
        "target": {"field": "label", "labels": list(LABELS)},
        "contract": {
            "type": "object",
            "required": ["label", "candidates", "explanation"],
            "properties": {"label": {"enum": list(LABELS)}},
        },
        "slices": {"by": ["label"]},
        "metrics": [{"name": "accuracy"}],
        "data": {"seed": "seed.csv", "development": "dev.csv", "test": "test.csv", "pool": "pool.csv"},
        "budget": {"rounds": 2, "rows_per_round": 15},
        "teacher": {"batch": 15},
        "promotion": {"max_looks": 4},
    }
