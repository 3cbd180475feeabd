"""Functions that read the rows of the task's data files: seed, development, test and pool.

Test and development rows that another file holds too are left out. Only this module reads the answers of the held-out
test set.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Literal

from veritrain_lib.core import digest
from veritrain_lib.core.errors import UserError
from veritrain_lib.core.rows import read_examples

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from veritrain_lib.core.task import Task
    from veritrain_lib.tracking.looks import HeldOutSet

Split = Literal["seed", "development", "test", "pool"]
TestedSplit = Literal["test", "development"]


def seed_rows(task: Task) -> pd.DataFrame:
    """Return the rows of the task's seed file: the human-labelled rows that the first model is trained on.

    Raises:
        UserError: when the file can't be read, has no rows, lacks a column, or has a row without an answer.
    """
    return _read_answered(task, "seed")


def development_rows(task: Task) -> pd.DataFrame:
    """Return the development rows: the labelled rows on which every stage measures models; they are never trained on.

    Rows that are set aside because their input is also a seed or test row are left out.

    Raises:
        UserError: when the file can't be read, has no rows, lacks a column, or has a row without an answer.
    """
    return _without_set_aside(task, "development", _read_answered(task, "development"))


def test_inputs(task: Task) -> pd.DataFrame:
    """Return the held-out test rows without their answers, for leak checks.

    Rows that are set aside (not used, because the seed file holds the same input) are left out.
    """
    file = task.file("test")
    assert file is not None  # the task file requires it
    return _without_set_aside(task, "test", _read(task, file, answers=False))


def ids_of(task: Task, kind: Literal["seed", "development", "test", "pool"]) -> list[str]:
    """Return the ids of the rows in one of the task's data files, in file order, without reading the answers.

    Args:
        task: The task.
        kind: The data file.

    Returns:
        One id per row, the digest of the row's input; empty when the task has no such file.
    """
    file = task.file(kind)
    return [] if file is None else _read(task, file, answers=False)["id"].astype(str).tolist()


def unlock_test_set(task: Task) -> pd.DataFrame:
    """Return the rows of the held-out test set with their answers.

    Call this only for a look: an evaluation on the test set that has been counted against its limit beforehand.

    Raises:
        UserError: when the file can't be read, has no rows, lacks a column, or has a row without an answer.
    """
    return _without_set_aside(task, "test", _read_answered(task, "test"))


def pool_inputs(task: Task) -> pd.DataFrame:
    """Return all rows of the pool without their answers; no rows if the task has no pool."""
    file = task.file("pool")
    return seed_rows(task).iloc[:0] if file is None else _read(task, file, answers=False)


def pool_answers(task: Task) -> pd.DataFrame:
    """Return all pool rows with the true answers in the pool's file, for measurements only.

    A row's answer is an empty text where the file has none. Teachers and trainers never call this: they get the answer
    of a row once it is chosen (`teachers/pool.py`).

    Raises:
        UserError: when the task has no pool, or an answer is not one of the task's labels.
    """
    file = task.file("pool")
    if file is None:
        raise UserError(f"task {task.name} has no pool; set data.pool")
    return _read(task, file, answers=True)


def held_out_set(task: Task) -> HeldOutSet:
    """Return the identity of the held-out test set, by which comparisons on it (looks) are counted.

    It consists of the digest of the file and a short digest of each row's normalized input. Rows that are set aside,
    because the seed file holds the same input, are left out.
    """
    import hashlib

    from veritrain_lib.tracking.looks import HeldOutSet

    normal_and_mask = zip(normal_forms(task, "test"), _set_aside_mask(task, "test"), strict=True)
    rows = [
        base64.urlsafe_b64encode(hashlib.blake2b(form.encode(), digest_size=6).digest()).decode()
        for form, aside in normal_and_mask
        if not aside
    ]
    return HeldOutSet(task.data_digest("test"), rows)


def set_aside(task: Task, kind: TestedSplit = "test") -> int:
    """Count the rows of a file that are set aside, which means never used, because another file holds the same input.

    Args:
        task: The task.
        kind: `test` for test rows that are also seed rows; `development` for development rows that are also seed or
            test rows.
    """
    return sum(_set_aside_mask(task, kind))


def all_set_aside(task: Task) -> str:
    """Return a digest of which development and test rows are set aside; an empty text if none is.

    A row is set aside (not used) if another file holds the same input.
    """
    return (
        digest.of_json([_set_aside_mask(task, kind) for kind in SET_ASIDE])[:16]
        if _any_set_aside(task)
        else ""
    )


def texts(task: Task, kind: Split) -> list[str]:
    """Return the input of every row in one of the task's files as one text per row, its fields joined by a separator.

    It reads the file without pandas, because `veritrain status` calls it and must start fast.
    """
    from veritrain_lib.quality.text.normal_form import FIELD_END
    from veritrain_lib.reading.files import read_file

    file = task.file(kind)
    assert file is not None  # only a pool may be missing, and the callers have checked for it
    table = read_file(file)
    if not set(task.inputs) <= set(table.columns):
        _read(task, file, answers=False)  # raises with the name of the missing column
    return [FIELD_END.join(record[name] for name in task.inputs) for record in table.records]


def normal_forms(task: Task, kind: Split) -> list[str]:
    """Return a normalized text of each row's input in a file, equal for inputs that count as the same row.

    Two inputs count as the same when they differ only in case, character width, punctuation or spaces.
    """
    from veritrain_lib.quality.text.normal_form import normal

    key = (str(task.file(kind)), task.data_digest(kind), _reading_digest(task))
    if key not in _cached_forms:
        if len(_cached_forms) >= MAX_CACHED:
            _cached_forms.clear()
        _cached_forms[key] = [normal(text) for text in texts(task, kind)]
    return _cached_forms[key]


SET_ASIDE: dict[TestedSplit, tuple[str, tuple[Split, ...]]] = {
    "test": ("max_set_aside", ("seed",)),
    "development": ("max_development_set_aside", ("seed", "test")),
}
"""Per file, the rule that sets rows aside: (key of `promotion` with the largest allowed share, other files).

A row is set aside (never used) when its input is also in one of the other files.
"""


def _without_set_aside(task: Task, kind: TestedSplit, rows: pd.DataFrame) -> pd.DataFrame:
    import numpy as np

    aside = np.array(_set_aside_mask(task, kind), dtype=bool)
    return rows[~aside].reset_index(drop=True) if aside.any() else rows


def _set_aside_mask(task: Task, kind: TestedSplit) -> list[bool]:
    """Return, for each row of a file, whether it is set aside (never used) because another file holds the same input.

    Only inputs are compared, never answers. If two files share more rows than the task allows, that pair of files sets
    none aside: `split_overlap.refuse_overlap` raises an error for it.
    """
    key, others = SET_ASIDE[kind]
    allowed = float(getattr(task.promotion, key))
    forms_of_file = normal_forms(task, kind)
    aside = [False] * len(forms_of_file)
    for other in others:
        other_forms = set(normal_forms(task, other))
        same = [form in other_forms for form in forms_of_file]
        if sum(same) <= allowed * len(forms_of_file):
            aside = [before or now for before, now in zip(aside, same, strict=True)]
    return aside


def _any_set_aside(task: Task) -> bool:
    return any(set_aside(task, kind) for kind in SET_ASIDE)


def _reading_digest(task: Task) -> str:
    """Return a digest of the parts of the task file that decide how a data file is read: inputs, target and slices."""
    return task.digest("inputs", "target", "slices")


_cached_forms: dict[tuple[str, ...], list[str]] = {}
"""Normalized inputs of the data files read so far, by path, content digest and `_reading_digest`."""


def human_labels(task: Task) -> dict[str, str]:
    """Return the answers in the labels file that people gave to pool rows, by row id; empty without a file.

    Raises:
        UserError: when the labels file is unusable, see `annotation.human_answers`.
    """
    from veritrain_lib.stages.generate.annotation import human_answers

    file, pool = task.file("labels"), task.file("pool")
    if file is None or not file.exists():
        return {}
    return human_answers(task, set(_read(task, pool, answers=False)["id"]) if pool else set())


def later_human_labels(task: Task) -> dict[str, list[str]]:
    """Return the second and third answers in the labels file that people gave to pool rows, by row id.

    Raises:
        UserError: when the labels file is unusable, see `annotation.later_answers`.
    """
    from veritrain_lib.stages.generate.annotation import later_answers

    file = task.file("labels")
    return later_answers(task, set(ids_of(task, "pool"))) if file is not None and file.exists() else {}


def _read_answered(task: Task, kind: str) -> pd.DataFrame:
    file = task.file(kind)  # type: ignore[arg-type]
    assert file is not None
    rows = _read(task, file, answers=True)
    empty = rows.index[rows[task.target.field] == ""]
    if len(empty):
        raise UserError(
            f"{file.name}: {len(empty)} row(s) without an answer in {task.target.field!r}, the first is row "
            f"{empty[0] + 1}; {kind} rows need one"
        )
    if not len(rows):
        raise UserError(f"{file.name} holds no rows; {kind} rows are needed")
    return rows


_cached_files: dict[tuple[str, ...], pd.DataFrame] = {}
"""Rows of the data files read so far, by path, content digest, `_reading_digest`, and whether with answers."""

MAX_CACHED = 8


def _read(task: Task, file: Path, *, answers: bool) -> pd.DataFrame:
    """Return a copy of the rows of a data file, cached because a stage reads the same file up to five times.

    Args:
        task: The task.
        file: The data file.
        answers: Whether to read the answers too.
    """
    key = (str(file), digest.of_file(file), _reading_digest(task), str(answers))
    if key not in _cached_files:
        if len(_cached_files) >= MAX_CACHED:
            _cached_files.clear()
        _cached_files[key] = read_examples(task, file, "human", answers=answers)
    return _cached_files[key].copy()
