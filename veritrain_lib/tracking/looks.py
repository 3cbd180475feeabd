"""The counted looks at the held-out test sets, written down before a set is opened.

A look is one new pair of champion and challenger on one test set. Models are named by the digest of what
made them, so that training the same model again is no new look, and a new name for it neither. Looks are counted
by the rows that they showed, over every experiment of the record, deleted ones too; `statistics/looks.py` states
the rule. With its first look a set's plan is stored.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from veritrain_lib.core import claims
from veritrain_lib.core.errors import Infrastructure, UserError
from veritrain_lib.tracking import store

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task
    from veritrain_lib.statistics.looks import LookPlan

PREFIX = "veritrain.look."
"""Of the tags that hold looks (`veritrain.look.SET.NUMBER`) and what they showed (`veritrain.look.rows.SET.PART`);
SET is the beginning of the digest of the test file."""

ROWS_A_TAG = 500
"""Digests of rows in one tag: MLflow's tags hold 5,000 characters."""

_LOOK = re.compile(r"veritrain\.look\.(?P<set>[^.]{1,16})\.\d{3,}")
_ROWS = re.compile(r"veritrain\.look\.rows\.(?P<set>[^.]{1,16})\.\d{3,}")


@dataclass(frozen=True)
class HeldOutSet:
    """A held-out test set: the digest of its file, and a short digest (without spaces) of each row."""

    digest: str
    rows: Sequence[str]


@dataclass(frozen=True)
class Look:
    """One look: its number (from 1) among those at these rows, and the digests of the pair.

    `test` is the digest of the file that was opened, `task` the name under which it was; `plan` is what
    `LookPlan` says of the plan that held; `at` the time, ISO 8601.
    """

    number: int
    champion: str
    challenger: str
    test: str
    purpose: str
    task: str
    plan: Mapping[str, object]
    at: str


def all_looks(shown: HeldOutSet) -> list[Look]:
    """Every look so far that counts against a test set, in order: at this file, and at others with its rows."""
    looks, rows = _everything()
    counted = [place for place in looks if place[1] == shown.digest[:16]]
    others = {place: rows.get(place, ()) for place in looks if place not in counted}
    if others:
        from veritrain_lib.statistics.looks import sets_that_count

        counted += sets_that_count(shown.rows, others)
    pairs = {(look.test, look.champion, look.challenger): look for place in counted for look in looks[place]}
    return sorted(pairs.values(), key=lambda look: (look.number, look.at))


def used(looks: Sequence[Look]) -> int:
    """How many looks are spent: a number that was given is never given again, even if some are found no more."""
    return max([len(looks), *(look.number for look in looks)])


def find(shown: HeldOutSet, champion: str, challenger: str) -> Look | None:
    """The look that this pair already had at this file, None if it is new."""
    return _of_pair(all_looks(shown), shown, champion, challenger)


def refuse_wider_plan(task: Task, shown: HeldOutSet) -> None:
    """Raise UserError when the task's plan is wider than one that was stored with a look at these rows."""
    _refuse_wider(task, all_looks(shown))


def plan_of(task: Task) -> LookPlan:
    """The plan that a task declares."""
    from veritrain_lib.statistics.looks import LookPlan

    declared = task.promotion
    return LookPlan(declared.max_looks, declared.alpha, declared.spending)


def take(
    task: Task, shown: HeldOutSet, champion: str, challenger: str, *, limit: int, purpose: str = "promotion"
) -> Look | None:
    """Write down a look at a test set for a pair and give it; the pair's old look if it had one.

    None when `limit` looks are spent: then the set stays closed. Raises UserError when the task's plan is wider
    than the one stored with the first look.
    """
    # MLflow has no compare-and-set: a claim keeps two stages, of any task, from taking the same number.
    with claims.briefly("looks at test sets", "a look at the test set"):
        earlier = all_looks(shown)
        _refuse_wider(task, earlier)
        old = _of_pair(earlier, shown, champion, challenger)
        if old is not None:
            return old
        number = used(earlier) + 1
        if number > limit:
            return None
        at = datetime.now(UTC).isoformat(timespec="seconds")
        plan = asdict(plan_of(task))
        look = Look(number, champion, challenger, shown.digest, purpose, task.name, plan, at)
        _write(store.experiment(task).experiment_id, shown, look)
        return look


def _write(experiment_id: str, shown: HeldOutSet, look: Look) -> None:
    tag, name = store.client().set_experiment_tag, shown.digest[:16]
    # The rows first: a process that dies in between leaves rows without a look, which count nothing.
    for start in range(0, len(shown.rows), ROWS_A_TAG):
        part = " ".join(shown.rows[start : start + ROWS_A_TAG])
        tag(experiment_id, f"{PREFIX}rows.{name}.{start // ROWS_A_TAG:03d}", part)
    tag(experiment_id, f"{PREFIX}{name}.{look.number:03d}", json.dumps(asdict(look)))


def _of_pair(looks: Sequence[Look], shown: HeldOutSet, champion: str, challenger: str) -> Look | None:
    wanted = (shown.digest, champion, challenger)
    return next((look for look in looks if (look.test, look.champion, look.challenger) == wanted), None)


def _refuse_wider(task: Task, looks: Sequence[Look]) -> None:
    from veritrain_lib.statistics.looks import LookPlan

    asked = plan_of(task)
    for look in looks:
        stored = LookPlan(**look.plan)  # type: ignore[arg-type]
        if asked.wider_than(stored):
            raise UserError(
                f"{task.path.name} asks for a wider plan than the one these test rows are under: it declares "
                f"{asked} (promotion.alpha, .max_looks, .spending); with the look of task {look.task!r} at "
                f"{look.at} was stored {stored}. A plan can't be widened after the first look. Set these keys "
                "back, or collect a new test set: rows that were never shown begin with looks of their own."
            )


Place = tuple[str, str]
"""Where a set's looks stand: the experiment's id, and the beginning of the file's digest."""


def _everything() -> tuple[dict[Place, list[Look]], dict[Place, set[str]]]:
    """Every look of the record, and the rows that were shown, by place."""
    looks: dict[Place, list[Look]] = {}
    rows: dict[Place, set[str]] = {}
    for number, tags in store.tags_of_experiments(PREFIX).items():
        for key, value in tags.items():
            if found := _ROWS.fullmatch(key):
                rows.setdefault((number, found["set"]), set()).update(value.split())
            elif found := _LOOK.fullmatch(key):
                looks.setdefault((number, found["set"]), []).append(_read(number, key, value))
    return looks, rows


def _read(experiment_id: str, key: str, value: str) -> Look:
    try:
        return Look(**json.loads(value))
    except (TypeError, ValueError) as error:
        raise Infrastructure(
            f"tag {key} of experiment {experiment_id} is no look ({error}), so looks at the test set can't be "
            "counted. Put back what stood there, or remove the tag if it is not ours."
        ) from error
