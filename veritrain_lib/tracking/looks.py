"""The counted looks at the sealed test set, written down before the set is opened.

A look is one new pair of champion and challenger on one test digest. Models are named by the digest of what
made them, so that training the same model again is no new look, and a new name for it neither.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from veritrain_lib import project
from veritrain_lib.tracking import store

if TYPE_CHECKING:
    from veritrain_lib.task import Task


@dataclass(frozen=True)
class Look:
    """One look: its number on this test set (from 1) and the digests of the pair."""

    number: int
    champion: str
    challenger: str
    test: str
    purpose: str


def all_looks(task: Task, test: str) -> list[Look]:
    """Every look so far at the test set with this digest, in order."""
    prefix = f"veritrain.look.{test[:16]}."
    tags = store.experiment(task).tags
    found = [Look(**json.loads(value)) for key, value in tags.items() if key.startswith(prefix)]
    return sorted(found, key=lambda look: look.number)


def find(task: Task, test: str, champion: str, challenger: str) -> Look | None:
    """The look that this pair already had, None if it is new."""
    for look in all_looks(task, test):
        if (look.champion, look.challenger) == (champion, challenger):
            return look
    return None


def take(
    task: Task, test: str, champion: str, challenger: str, *, limit: int, purpose: str = "promotion"
) -> Look | None:
    """Write down a look at the test set for a pair and give it; the pair's old look if it had one.

    None when `limit` looks are spent: then the set stays closed.
    """
    from filelock import FileLock

    # MLflow has no compare-and-set; on one machine a lock keeps two stages from taking the same number.
    with FileLock(project.root() / f".{task.name}.looks.lock", timeout=60):
        old = find(task, test, champion, challenger)
        if old is not None:
            return old
        number = len(all_looks(task, test)) + 1
        if number > limit:
            return None
        look = Look(number, champion, challenger, test, purpose)
        key = f"veritrain.look.{test[:16]}.{number:03d}"
        store.client().set_experiment_tag(store.experiment(task).experiment_id, key, json.dumps(asdict(look)))
        return look
