"""Counted evaluations on the held-out test sets ("looks"), recorded before a test set is opened.

A look, a term of sequential analysis, is one evaluation of a new pair of champion and challenger on one test set.
Models are identified by the digest of what made them, so training the same model again, or renaming it, is not a new
look. Looks are counted by the test rows that they used, over every experiment of the store, deleted ones too;
`statistics/looks.py` states the rule. The alpha-spending plan of a test set is stored with its first look.
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
"""Prefix of the tags that hold looks (`veritrain.look.SET.NUMBER`) and their rows (`veritrain.look.rows.SET.PART`); SET is
the first 16 characters of the test file's digest.
"""

ROWS_PER_TAG = 500
"""Row digests in one tag: MLflow's tags hold 5,000 characters."""

_LOOK = re.compile(r"veritrain\.look\.(?P<set>[^.]{1,16})\.\d{3,}")
_ROWS = re.compile(r"veritrain\.look\.rows\.(?P<set>[^.]{1,16})\.\d{3,}")


@dataclass(frozen=True)
class HeldOutSet:
    """A held-out test set: the digest of its file, and a short digest (without spaces) of each row."""

    digest: str
    rows: Sequence[str]


@dataclass(frozen=True)
class Look:
    """One recorded test-set evaluation.

    Attributes:
        number: Number (from 1) among the looks at these rows.
        champion: Digest of the champion.
        challenger: Digest of the challenger.
        test: Digest of the test file that was opened.
        purpose: What the look was for, such as `promotion`.
        task: Name of the task at that time.
        plan: Fields of the `LookPlan` that was in force.
        at: Time, ISO 8601.
    """

    number: int
    champion: str
    challenger: str
    test: str
    purpose: str
    task: str
    plan: Mapping[str, object]
    at: str


def list_looks(test_set: HeldOutSet) -> list[Look]:
    """Return in order every look that counts: at this test file, and at files that share its rows."""
    looks, rows = _read_all()
    counted_sets = [key for key in looks if key[1] == test_set.digest[:16]]
    others = {key: rows.get(key, ()) for key in looks if key not in counted_sets}
    if others:
        from veritrain_lib.statistics.looks import sets_with_inherited_looks

        counted_sets += sets_with_inherited_looks(test_set.rows, others)
    pairs = {(look.test, look.champion, look.challenger): look for key in counted_sets for look in looks[key]}
    return sorted(pairs.values(), key=lambda look: (look.number, look.at))


def looks_spent(looks: Sequence[Look]) -> int:
    """Return how many looks are spent. A number is never used again, even if some looks are missing."""
    return max([len(looks), *(look.number for look in looks)])


def find_look(test_set: HeldOutSet, champion: str, challenger: str) -> Look | None:
    """Return the look that this pair already had at this file, or None if the pair is new."""
    return _find_pair(list_looks(test_set), test_set, champion, challenger)


def check_plan(task: Task, test_set: HeldOutSet) -> None:
    """Check the task's alpha-spending plan against the plans stored with looks at these rows.

    Raises:
        UserError: The task's plan is wider than a stored one.
    """
    _check_plan(task, list_looks(test_set))


def declared_plan(task: Task) -> LookPlan:
    """Return the alpha-spending plan that a task declares."""
    from veritrain_lib.statistics.looks import LookPlan

    declared = task.promotion
    return LookPlan(declared.max_looks, declared.alpha, declared.spending)


def record_look(
    task: Task,
    test_set: HeldOutSet,
    champion: str,
    challenger: str,
    *,
    limit: int,
    purpose: str = "promotion",
) -> Look | None:
    """Record and return a look of a pair at a test set; return the existing look if the pair already had one.

    Args:
        task: The task whose plan applies.
        test_set: The held-out test set.
        champion: Digest of the champion.
        challenger: Digest of the challenger.
        limit: Maximum number of looks.
        purpose: What the look is for.

    Returns:
        The look, or None when `limit` looks are spent: the test set must then stay closed.

    Raises:
        UserError: The task's plan is wider than the one stored with the first look.
    """
    # MLflow has no compare-and-set: the claim prevents two stages, of any task, from using the same number.
    with claims.claim_update("looks at test sets", "a look at the test set"):
        previous = list_looks(test_set)
        _check_plan(task, previous)
        existing = _find_pair(previous, test_set, champion, challenger)
        if existing is not None:
            return existing
        number = looks_spent(previous) + 1
        if number > limit:
            return None
        timestamp = datetime.now(UTC).isoformat(timespec="seconds")
        plan = asdict(declared_plan(task))
        look = Look(number, champion, challenger, test_set.digest, purpose, task.name, plan, timestamp)
        _write(store.experiment(task).experiment_id, test_set, look)
        return look


def _write(experiment_id: str, test_set: HeldOutSet, look: Look) -> None:
    set_tag, name = store.client().set_experiment_tag, test_set.digest[:16]
    # The rows first: if the process dies in between, rows without a look are left, which do not count.
    for start in range(0, len(test_set.rows), ROWS_PER_TAG):
        part = " ".join(test_set.rows[start : start + ROWS_PER_TAG])
        set_tag(experiment_id, f"{PREFIX}rows.{name}.{start // ROWS_PER_TAG:03d}", part)
    set_tag(experiment_id, f"{PREFIX}{name}.{look.number:03d}", json.dumps(asdict(look)))


def _find_pair(looks: Sequence[Look], test_set: HeldOutSet, champion: str, challenger: str) -> Look | None:
    key = (test_set.digest, champion, challenger)
    return next((look for look in looks if (look.test, look.champion, look.challenger) == key), None)


def _check_plan(task: Task, looks: Sequence[Look]) -> None:
    from veritrain_lib.statistics.looks import LookPlan

    requested = declared_plan(task)
    for look in looks:
        stored = LookPlan(**look.plan)  # type: ignore[arg-type]
        if requested.wider_than(stored):
            raise UserError(
                f"{task.path.name} asks for a wider plan than the one these test rows are under: it declares "
                f"{requested} (promotion.alpha, .max_looks, .spending); with the look of task {look.task!r} at "
                f"{look.at} was stored {stored}. A plan can't be widened after the first look. Set these keys "
                "back, or collect a new test set: rows that were never shown begin with looks of their own."
            )


SetKey = tuple[str, str]
"""Key of a test set's looks: the experiment's id, and the beginning of the file's digest."""


def _read_all() -> tuple[dict[SetKey, list[Look]], dict[SetKey, set[str]]]:
    """Return every look of the store and the rows that were used, both by key."""
    looks: dict[SetKey, list[Look]] = {}
    rows: dict[SetKey, set[str]] = {}
    for experiment_id, tags in store.tags_of_experiments(PREFIX).items():
        for key, value in tags.items():
            if match := _ROWS.fullmatch(key):
                rows.setdefault((experiment_id, match["set"]), set()).update(value.split())
            elif match := _LOOK.fullmatch(key):
                looks.setdefault((experiment_id, match["set"]), []).append(_read(experiment_id, key, value))
    return looks, rows


def _read(experiment_id: str, key: str, value: str) -> Look:
    try:
        return Look(**json.loads(value))
    except (TypeError, ValueError) as error:
        raise Infrastructure(
            f"tag {key} of experiment {experiment_id} is not a valid look ({error}), so looks at the test set can't be "
            "counted. Restore its value, or remove the tag if Veri-Train did not write it."
        ) from error
