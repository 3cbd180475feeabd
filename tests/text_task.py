"""A small translation task with files of its own: slots in a few situations, so that a memory answers in a moment."""

from __future__ import annotations

import calendar
import csv
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

NAMES = {"田中": "Tanaka", "佐藤": "Sato", "鈴木": "Suzuki", "高橋": "Takahashi"}
FRAMES = (
    (
        "{month}月{day}日に{name}さんと会議があります。",
        "There is a meeting with {NAME} on {MONTH} {day}.",
        "meeting",
    ),
    ("{name}さんの見積書は{amount}万円です。", "The quotation of {NAME} is {AMOUNT} yen.", "written"),
    ("{name}さんは{day}日まで出張です。", "{NAME} is away on business until the {day}th.", "written"),
    ("会議室{room}を{name}さんが予約しました。", "{NAME} has booked meeting room {room}.", "meeting"),
)
MONTHS = calendar.month_name[1:]
FIELDS = ["ja", "en", "scene"]


def pairs(count: int, seed: int, situations: int = len(FRAMES)) -> list[tuple[str, str, str]]:
    """Distinct (Japanese, English, scene) of the first so many situations."""
    rng = random.Random(seed)
    found: dict[str, tuple[str, str, str]] = {}
    while len(found) < count:
        ja, en, scene = rng.choice(FRAMES[:situations])
        name, month, amount = rng.choice(list(NAMES)), rng.randint(1, 12), rng.randint(2, 90)
        slots: dict[str, Any] = {
            "name": name, "NAME": NAMES[name], "month": month, "MONTH": MONTHS[month - 1],
            "day": rng.randint(4, 20), "amount": amount, "AMOUNT": f"{amount * 10_000:,}", "room": rng.randint(1, 900),
        }  # fmt: skip
        found.setdefault(ja.format(**slots), (ja.format(**slots), en.format(**slots), scene))
    return list(found.values())


def content(changes: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The task file, with other parts where `changes` has them."""
    return {
        "version": 1,
        "name": "office",
        "description": "Office Japanese into English.",
        "inputs": {"ja": {"language": "ja"}},
        "target": {"field": "en", "language": "en"},
        "contract": {
            "type": "object",
            "required": ["en", "candidates", "explanation"],
            "properties": {"en": {"type": "string", "minLength": 1}},
        },
        "slices": {"by": ["scene"], "length_of": "ja", "length_bands": [10]},
        "metrics": [
            {"name": "chrf"},
            {"name": "bleu"},
            {"name": "ter", "higher_is_better": False},
            {"name": "term_accuracy"},
            {"name": "number_accuracy"},
            {"name": "contract_rate"},
        ],
        "gate": "translation",
        "data": {"seed": "seed.csv", "development": "dev.csv", "test": "test.csv", "pool": "pool.csv"},
        "teacher": {"name": "pool", "choose": "uncertainty", "batch": 15},
        "trainer": {"name": "memory"},
        "glossary": {"見積書": "quotation", "会議": "meeting"},
        "budget": {"rounds": 1, "rows_per_round": 30},
        **(changes or {}),
    }


def write_text_task(folder: Path, changes: Mapping[str, Any] | None = None) -> Path:
    """Write the task and its files; the seed knows half of the situations, so that the pool has something to teach."""
    folder.mkdir(parents=True, exist_ok=True)
    known = pairs(12, seed=4, situations=2)
    made = [*known, *(pair for pair in pairs(240, seed=5) if pair not in known)]
    cuts = {"seed": (0, 12), "dev": (12, 52), "test": (52, 112), "pool": (112, 232)}
    for name, (first, last) in cuts.items():
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(FIELDS)
            writer.writerows(made[first:last])
    path = folder / "task.yaml"
    path.write_text(yaml.safe_dump(content(changes), allow_unicode=True), encoding="utf-8")
    return path
