"""The task's data files as rows. The answers of the held-out test set are read here and nowhere else.

Open this to see how seed, development, test and pool rows are read, cached, and set aside where they overlap.
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
    """Return the human seed rows."""
    return _read_answered(task, "seed")


def development_rows(task: Task) -> pd.DataFrame:
    """Return the development rows, by which the loop is steered, without those that are set aside."""
    return _without_set_aside(task, "development", _read_answered(task, "development"))


def test_inputs(task: Task) -> pd.DataFrame:
    """Return the held-out test rows without their answers: enough to find leaks, nothing to learn from."""
    file = task.file("test")
    assert file is not None  # the task file requires it
    return _without_set_aside(task, "test", _read(task, file, answers=False))


def ids_of(task: Task, kind: Literal["seed", "development", "test", "pool"]) -> list[str]:
    """Return the ids of a file's rows, in the file's order, without reading any answer."""
    file = task.file(kind)
    return [] if file is None else _read(task, file, answers=False)["id"].astype(str).tolist()


def unlock_test_set(task: Task) -> pd.DataFrame:
    """Return the held-out test rows with their answers. Only a counted look may call this."""
    return _without_set_aside(task, "test", _read_answered(task, "test"))


def held_out_set(task: Task) -> HeldOutSet:
    """Return the test set as looks are counted on it: one short digest for each row that a look would show."""
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
    """Count the rows that are set aside: test rows whose input is also a seed row.

    Of development rows, those whose input is also a seed or test row.
    """
    return sum(_set_aside_mask(task, kind))


def all_set_aside(task: Task) -> str:
    """Return a digest of which rows are set aside, for the digests of work that uses the others; empty for none."""
    return (
        digest.of_json([_set_aside_mask(task, kind) for kind in SET_ASIDE])[:16]
        if _any_set_aside(task)
        else ""
    )


def texts(task: Task, kind: Split) -> list[str]:
    """Return the inputs of every row of a file, as one text per row.

    This reads the file without pandas, since `veritrain status` uses it too.
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
    """Return the normal form of every row's inputs, equal for rows that differ in case, width, punctuation or spaces."""
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
"""For each file whose rows are set aside: the key of `promotion` with the largest allowed share, and the other files.

A row is set aside when its input is also in one of the other files.
"""


def _without_set_aside(task: Task, kind: TestedSplit, rows: pd.DataFrame) -> pd.DataFrame:
    import numpy as np

    aside = np.array(_set_aside_mask(task, kind), dtype=bool)
    return rows[~aside].reset_index(drop=True) if aside.any() else rows


def _set_aside_mask(task: Task, kind: TestedSplit) -> list[bool]:
    """Return which rows of a file to set aside, by their input alone, before any answer or model is used.

    Overlap with another file that is larger than the task allows sets nothing aside: `split_overlap.refuse_overlap`
    raises for it.
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
    """Return a digest of the parts of the task file that decide how a data file is read."""
    return task.digest("inputs", "target", "slices")


_cached_forms: dict[tuple[str, ...], list[str]] = {}
"""Normal forms of the rows of files, by path, content and `_reading_digest`."""


def human_labels(task: Task) -> dict[str, str]:
    """Return the answers that people gave to chosen pool rows, by id; empty while there is no labels file.

    Raises:
        UserError: for an unusable labels file, see `annotation.human_answers`.
    """
    from veritrain_lib.stages.generate.annotation import human_answers

    file, pool = task.file("labels"), task.file("pool")
    if file is None or not file.exists():
        return {}
    return human_answers(task, set(_read(task, pool, answers=False)["id"]) if pool else set())


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
"""Files that this process has read, by path, content and `_reading_digest`."""

MAX_CACHED = 8


def _read(task: Task, file: Path, *, answers: bool) -> pd.DataFrame:
    """Read the rows of a file, cached since a stage reads the same ones up to five times."""
    key = (str(file), digest.of_file(file), _reading_digest(task), str(answers))
    if key not in _cached_files:
        if len(_cached_files) >= MAX_CACHED:
            _cached_files.clear()
        _cached_files[key] = read_examples(task, file, "human", answers=answers)
    return _cached_files[key].copy()
