from __future__ import annotations

import csv
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import pytest

from veritrain_lib.core.rows import read_examples
from veritrain_lib.core.task import Task, load_task
from veritrain_lib.teachers.base import TeacherRequest
from veritrain_lib.trainers.tfidf_svc import TfidfSvc

WORDS = {
    "refund": "refund money back return charge wrong pay",
    "login": "login password sign reset account locked pay",
    "export": "export csv download file data back account",
    "invite": "invite team member seat user data sign",
}
FILLER = ["please", "i", "my", "the", "want", "need", "can", "you", "help", "now", "to", "with"]


def make_rows(number: int, seed: int) -> list[tuple[str, str]]:
    """Texts that share words between labels, so that a student is unsure about some."""
    rng = random.Random(seed)
    rows = []
    for at in range(number):
        label = list(WORDS)[at % len(WORDS)]
        words = rng.choices(WORDS[label].split(), k=3) + rng.choices(FILLER, k=5)
        rng.shuffle(words)
        rows.append((" ".join(words), label))
    return rows


@dataclass
class Bench:
    """A task on disk, and requests over it."""

    task: Task
    human: pd.DataFrame
    fits: list[pd.DataFrame] = field(default_factory=list)

    def write_pool(self, rows: list[tuple[str, str]]) -> None:
        path = self.task.file("pool")
        assert path is not None
        write(path, rows)

    def fit(self, rows: pd.DataFrame) -> object:
        self.fits.append(rows)
        return TfidfSvc().train(self.task, rows, seed=0).model

    def request(self, rows: int, **changes: object) -> TeacherRequest:
        asked = {
            "task": self.task, "rows": rows, "accepted_rows": self.human, "seed": 0, "fit": self.fit,
            "screen": lambda pool: pd.Series(True, index=pool.index),
        }  # fmt: skip
        return TeacherRequest(**{**asked, **changes})  # type: ignore[arg-type]


def write(path: Path, rows: list[tuple[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("text", "label"), *rows])


@pytest.fixture
def make_pool() -> Callable[[int, int], list[tuple[str, str]]]:
    return make_rows


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    for name, number, seed in (("seed", 20, 1), ("pool", 160, 2), ("development", 8, 3), ("test", 8, 4)):
        write(tmp_path / f"{name}.csv", make_rows(number, seed))
    labels = "\n".join(f"    - {label}" for label in WORDS)
    (tmp_path / "task.yaml").write_text(
        "version: 1\nname: help\ninputs: {text: {language: en}}\n"
        f"target:\n  field: label\n  labels:\n{labels}\n"
        "contract: {type: object}\nmetrics: [{name: accuracy}]\n"
        "data: {seed: seed.csv, pool: pool.csv, development: development.csv, test: test.csv}\n",
        encoding="utf-8",
    )
    task = load_task(tmp_path / "task.yaml")
    return Bench(task, read_examples(task, tmp_path / "seed.csv", "human"))
