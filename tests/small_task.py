"""A small task of three answers with files of its own: a real one, over which everything runs in seconds."""

from __future__ import annotations

import csv
import random
from pathlib import Path

import yaml

LABELS = ("delivery", "greeting", "refund")

WORDS = {
    "delivery": [
        "parcel",
        "courier",
        "shipping",
        "package",
        "arrived",
        "tracking",
        "depot",
        "doorstep",
        "late",
        "missing",
        "van",
        "address",
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
        "day",
    ],
    "refund": [
        "money",
        "back",
        "charged",
        "twice",
        "refund",
        "return",
        "amount",
        "bank",
        "transfer",
        "overpaid",
        "credit",
        "price",
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


def text_of(label: str, chance: random.Random) -> str:
    """A message whose topic words give its label away; in one of four a word of another label stands too."""
    words = chance.sample(WORDS[label], 2) + chance.sample(FILLERS, 4)
    if chance.random() < 0.25:
        words.append(chance.choice(WORDS[chance.choice([other for other in LABELS if other != label])]))
    chance.shuffle(words)
    return " ".join(words)


def write_task(folder: Path, name: str = "small", *, seed_rows: int = 3, labelled_pool: bool = True) -> Path:
    """Write task.yaml and its data files into a folder; gives the task file. No text is in two files."""
    folder.mkdir(parents=True, exist_ok=True)
    chance = random.Random(name)
    used: set[str] = set()
    for file, each in (("seed", seed_rows), ("dev", 20), ("test", 20), ("pool", 25)):
        rows = [(text, label) for label in LABELS for text in _fresh(label, each, chance, used)]
        with (folder / f"{file}.csv").open("w", encoding="utf-8", newline="") as out:
            writer = csv.writer(out)
            writer.writerow(["text", "label"])
            writer.writerows([text, label if file != "pool" or labelled_pool else ""] for text, label in rows)
    path = folder / "task.yaml"
    path.write_text(yaml.safe_dump(_content(name)), encoding="utf-8")
    return path


def _fresh(label: str, count: int, chance: random.Random, used: set[str]) -> list[str]:
    texts: list[str] = []
    while len(texts) < count:
        text = text_of(label, chance)
        if text not in used:
            used.add(text)
            texts.append(text)
    return texts


def _content(name: str) -> dict[str, object]:
    return {
        "version": 1,
        "name": name,
        "description": "Short messages with three meanings.",
        "inputs": {"text": {"language": "en"}},
        "target": {
            "field": "label",
            "labels": list(LABELS),
            "descriptions": {"delivery": "where is it & when does it come", "refund": "wants money back"},
        },
        "contract": {
            "type": "object",
            "required": ["label", "candidates", "explanation"],
            "properties": {"label": {"enum": list(LABELS)}},
        },
        "slices": {"by": ["label"], "length_of": "text", "length_bands": [6]},
        "metrics": [{"name": "accuracy"}, {"name": "macro_f1"}, {"name": "contract_rate"}],
        "data": {"seed": "seed.csv", "development": "dev.csv", "test": "test.csv", "pool": "pool.csv"},
        "budget": {"rounds": 1, "rows_per_round": 15},
        "teacher": {"batch": 15},
    }
