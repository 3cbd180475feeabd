"""Looks: counted comparisons of models on held-out test sets, stored before a test set is opened.

A look, a term of sequential analysis, is one evaluation of a new pair of champion and challenger on one test set.
Models are identified by the digest of what made them, so training the same model again, or renaming it, is not a new
look. Looks are counted by the test rows that they used, in all experiments together; `statistics/looks.py` states the
rule. The alpha-spending plan of a test set is stored with its first look.

A look is a row of Veri-Train's own table in the tracking store's database. One transaction counts the earlier looks
and writes the new one, so two processes, on whichever machines, never take the same number. Two kinds of looks are tags
of MLflow experiments instead: those of earlier versions of Veri-Train, which count as well, and those of a tracking
store that is a server when `DATABASE_URL` is not set.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from veritrain_lib.core.errors import Infrastructure, UserError
from veritrain_lib.tracking import store
from veritrain_lib.tracking.state import claims, database, look_table

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from veritrain_lib.core.task import Task
    from veritrain_lib.statistics.looks import LookPlan

PREFIX = "veritrain.look."
"""Prefix of MLflow tags that hold looks (comparisons of models on a test set) and the test rows that they used.

The tags are `veritrain.look.SET.NUMBER` and `veritrain.look.rows.SET.PART`, where SET stands for the first 16
characters of the test file's digest.
"""

ROWS_PER_TAG = 500
"""Number of row digests that are stored in one tag, since a tag of MLflow holds at most 5,000 characters."""

_LOOK = re.compile(r"veritrain\.look\.(?P<set>[^.]{1,16})\.\d{3,}")
_ROWS = re.compile(r"veritrain\.look\.rows\.(?P<set>[^.]{1,16})\.\d{3,}")


@dataclass(frozen=True)
class HeldOutSet:
    """Held-out test set, identified by the digest of its file and a short digest of each row.

    Comparisons of models on it (looks) are counted by these digests.
    """

    digest: str
    rows: Sequence[str]


@dataclass(frozen=True)
class Look:
    """One look: a stored comparison of two models on a held-out test set, of which only a few are allowed.

    Attributes:
        number: Number of the look, from 1, among the looks at these test rows.
        champion: Digest of the champion.
        challenger: Digest of the challenger.
        test: Digest of the test file that was opened.
        purpose: Purpose of the look, such as `promotion`.
        task: Name that the task had at the time of the look.
        plan: Fields of the `LookPlan` that was in force.
        at: Time of the look, ISO 8601.
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
    """Return every look (comparison of two models) that counts for a held-out test set, in order.

    These are the looks at its file and those at other files that share its rows.
    """
    looks, rows = _read_all()
    counted_sets = [key for key in looks if key[1] == test_set.digest[:16]]
    others = {key: rows.get(key, ()) for key in looks if key not in counted_sets}
    if others:
        from veritrain_lib.statistics.looks import sets_with_inherited_looks

        counted_sets += sets_with_inherited_looks(test_set.rows, others)
    pairs = {(look.test, look.champion, look.challenger): look for key in counted_sets for look in looks[key]}
    return sorted(pairs.values(), key=lambda look: (look.number, look.at))


def looks_spent(looks: Sequence[Look]) -> int:
    """Return how many looks (comparisons of two models) at a held-out test set are used up.

    It is the number of looks, or their highest number if that is larger, so a number is never used twice even if some
    looks were lost.
    """
    return max([len(looks), *(look.number for look in looks)])


def find_look(test_set: HeldOutSet, champion: str, challenger: str) -> Look | None:
    """Return the look at which two models were compared on a held-out test set before; None if the pair is new.

    Args:
        test_set: The held-out test set.
        champion: Digest of the champion.
        challenger: Digest of the challenger.
    """
    return _find_pair(list_looks(test_set), test_set, champion, challenger)


def check_plan(task: Task, test_set: HeldOutSet) -> None:
    """Check that a task's plan of comparisons on its test set (looks) is no wider than at the first comparison.

    A wider plan would allow more looks, or a larger error, than was declared before the first look at these rows.

    Raises:
        UserError: The task's plan is wider than one stored with an earlier look.
    """
    _check_plan(task, list_looks(test_set))


def declared_plan(task: Task) -> LookPlan:
    """Return the plan of a task for comparisons on its held-out test set (looks): number and significance levels."""
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
    """Store a look, a comparison of two models on a held-out test set; this must happen before the set is opened.

    A pair that was compared on this set before gets its earlier look again, which uses up nothing.

    Args:
        task: The task whose plan applies.
        test_set: The held-out test set.
        champion: Digest of the champion.
        challenger: Digest of the challenger.
        limit: Maximum number of looks at these rows.
        purpose: Purpose of the look, stored with it.

    Returns:
        The look, or None when `limit` looks are used up: the test set must then stay closed.

    Raises:
        UserError: The task's plan is wider than the one stored with an earlier look.
    """

    def record(connection: Connection | None) -> Look | None:
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
        if connection is not None:
            look_table.write(connection, asdict(look), test_set.rows)
        else:
            _write_tags(store.experiment(task).experiment_id, test_set, look)
        return look

    if database.address():
        # Run again after a restart of the database, it finds the look that was stored already.
        return database.run_exclusively("looks", record)
    # MLflow has no compare-and-set: the claim excludes the other processes of this machine.
    with claims.claim_update("looks at test sets", "a look at the test set"):
        return record(None)


def _write_tags(experiment_id: str, test_set: HeldOutSet, look: Look) -> None:
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
"""Key of the looks at a held-out test set.

It consists of the id of the MLflow experiment whose tags hold them, and the first 16 characters of the file's digest.
"""

IN_TABLE = ""
"""Value of the experiment id in a `SetKey` for looks that are stored in Veri-Train's own table instead of tags."""


def _read_all() -> tuple[dict[SetKey, list[Look]], dict[SetKey, set[str]]]:
    """Return all stored looks (comparisons on held-out test sets) and the test rows that they used, by `SetKey`."""
    stored = look_table.read()
    looks: dict[SetKey, list[Look]] = {}
    rows: dict[SetKey, set[str]] = {(IN_TABLE, test[:16]): shown for test, shown in stored.rows.items()}
    for fields in stored.looks:
        looks.setdefault((IN_TABLE, fields["test"][:16]), []).append(Look(**fields))
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
