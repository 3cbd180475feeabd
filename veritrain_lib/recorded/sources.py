"""The task's own files as rows; the sealed test set is opened here and nowhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from veritrain_lib import digest
from veritrain_lib.errors import UserError
from veritrain_lib.rows import read_examples

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from veritrain_lib.task import Task


def seed_rows(task: Task) -> pd.DataFrame:
    """The human seed rows."""
    return _with_answers(task, "seed")


def development_rows(task: Task) -> pd.DataFrame:
    """Development rows, which steer."""
    return _with_answers(task, "development")


def test_inputs(task: Task) -> pd.DataFrame:
    """The sealed rows without their answers: enough to find leaks, nothing to learn from."""
    rows = _all_test_inputs(task)
    return rows[~_in_seed(task, rows)].reset_index(drop=True)


def open_sealed(task: Task) -> pd.DataFrame:
    """The sealed rows with their answers. Only a counted look may call this."""
    rows = _with_answers(task, "test")
    return rows[~_in_seed(task, rows)].reset_index(drop=True)


def set_aside(task: Task) -> int:
    """How many test rows are never counted because the seed has the same input."""
    return int(_in_seed(task, _all_test_inputs(task)).sum())


def _all_test_inputs(task: Task) -> pd.DataFrame:
    file = task.file("test")
    assert file is not None  # the task file requires it
    return _read(task, file, answers=False)


def _in_seed(task: Task, rows: pd.DataFrame) -> pd.Series[bool]:
    """Which test rows to set aside: by their input alone, before any answer or model is looked at.

    None when they are more than the task allows: then they are leaks, which the gate and the evaluation refuse.
    """
    import pandas as pd

    from veritrain_lib.gating.texts import joined, normal

    inputs = list(task.inputs)
    form = task.digest("inputs", "target", "slices")
    key = (str(task.file("seed")), str(task.file("test")), task.data_digest("seed", "test"), form)
    if key not in _same_input:
        if len(_same_input) >= MOST_AT_HAND:
            _same_input.clear()
        known = {normal(text) for text in joined(seed_rows(task), inputs)}
        _same_input[key] = [normal(text) in known for text in joined(rows, inputs)]
    found = pd.Series(_same_input[key], index=rows.index, dtype=bool)
    return found & (found.mean() <= task.promotion.max_set_aside)


_same_input: dict[tuple[str, ...], list[bool]] = {}
"""Which test rows have an input that the seed has too, by files, content and what the task makes of them."""


def human_labels(task: Task) -> dict[str, str]:
    """The answers that people gave to chosen pool rows, by id; empty while there is no file.

    Raises UserError for what can't be told from the file: see `labelling.answers_of_people`.
    """
    from veritrain_lib.recorded.labelling import answers_of_people

    file, pool = task.file("labels"), task.file("pool")
    if file is None or not file.exists():
        return {}
    return answers_of_people(task, set(_read(task, pool, answers=False)["id"]) if pool else set())


def _with_answers(task: Task, kind: str) -> pd.DataFrame:
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


_at_hand: dict[tuple[str, ...], pd.DataFrame] = {}
"""Files that this process has read, by path, content and what the task makes of it."""

MOST_AT_HAND = 8


def _read(task: Task, file: Path, *, answers: bool) -> pd.DataFrame:
    """The rows of a file; a stage asks for the same ones up to five times."""
    form = task.digest("inputs", "target", "slices")
    key = (str(file), digest.of_file(file), form, str(answers))
    if key not in _at_hand:
        if len(_at_hand) >= MOST_AT_HAND:
            _at_hand.clear()
        _at_hand[key] = read_examples(task, file, "human", answers=answers)
    return _at_hand[key].copy()
