"""The task's own files as rows; the sealed test set is opened here and nowhere else."""

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

Kind = Literal["seed", "development", "test", "pool"]
SetAside = Literal["test", "development"]


def seed_rows(task: Task) -> pd.DataFrame:
    """The human seed rows."""
    return _with_answers(task, "seed")


def development_rows(task: Task) -> pd.DataFrame:
    """Development rows, which steer; without those that are set aside."""
    return _counted(task, "development", _with_answers(task, "development"))


def test_inputs(task: Task) -> pd.DataFrame:
    """The sealed rows without their answers: enough to find leaks, nothing to learn from."""
    file = task.file("test")
    assert file is not None  # the task file requires it
    return _counted(task, "test", _read(task, file, answers=False))


def ids_of(task: Task, kind: Literal["seed", "development", "test", "pool"]) -> list[str]:
    """The ids of a file's rows, in the file's order; no answer is looked at."""
    file = task.file(kind)
    return [] if file is None else _read(task, file, answers=False)["id"].astype(str).tolist()


def open_sealed(task: Task) -> pd.DataFrame:
    """The sealed rows with their answers. Only a counted look may call this."""
    return _counted(task, "test", _with_answers(task, "test"))


def held_out_set(task: Task) -> HeldOutSet:
    """The test set as looks count it: what a look at it shows, as one short digest a row."""
    import hashlib

    from veritrain_lib.tracking.looks import HeldOutSet

    counted = zip(forms(task, "test"), _in_others(task, "test"), strict=True)
    rows = [
        base64.urlsafe_b64encode(hashlib.blake2b(form.encode(), digest_size=6).digest()).decode()
        for form, aside in counted
        if not aside
    ]
    return HeldOutSet(task.data_digest("test"), rows)


def set_aside(task: Task, kind: SetAside = "test") -> int:
    """How many test rows are never counted because the seed has the same input; of development rows, because seed
    or test has it."""
    return sum(_in_others(task, kind))


def all_set_aside(task: Task) -> str:
    """Names which rows are set aside, for the digest of whatever counts the others."""
    return digest.of_json([_in_others(task, kind) for kind in SET_ASIDE])[:16] if _any_aside(task) else ""


def texts(task: Task, kind: Kind) -> list[str]:
    """The inputs of every row of a file, as one text a row. Read without pandas: `veritrain status` asks too."""
    from veritrain_lib.quality.text.normal_form import FIELD_END
    from veritrain_lib.reading.files import read_file

    file = task.file(kind)
    assert file is not None  # only a pool may be missing, and who asks for it has looked
    table = read_file(file)
    if not set(task.inputs) <= set(table.columns):
        _read(task, file, answers=False)  # says which column is missing
    return [FIELD_END.join(record[name] for name in task.inputs) for record in table.records]


def forms(task: Task, kind: Kind) -> list[str]:
    """The normal form of every row's inputs: equal for rows that differ in case, width, punctuation or spaces."""
    from veritrain_lib.quality.text.normal_form import normal

    key = (str(task.file(kind)), task.data_digest(kind), _form(task))
    if key not in _forms:
        if len(_forms) >= MOST_AT_HAND:
            _forms.clear()
        _forms[key] = [normal(text) for text in texts(task, kind)]
    return _forms[key]


SET_ASIDE: dict[SetAside, tuple[str, tuple[Kind, ...]]] = {
    "test": ("max_set_aside", ("seed",)),
    "development": ("max_development_set_aside", ("seed", "test")),
}
"""Which rows are set aside: up to the share that this key of `promotion` allows, those that stand in one of these."""


def _counted(task: Task, kind: SetAside, rows: pd.DataFrame) -> pd.DataFrame:
    import numpy as np

    aside = np.array(_in_others(task, kind), dtype=bool)
    return rows[~aside].reset_index(drop=True) if aside.any() else rows


def _in_others(task: Task, kind: SetAside) -> list[bool]:
    """Which rows of a file to set aside: by their input alone, before any answer or model is looked at.

    None for another file whose rows there are more than the task allows: `held_out.refuse_shared` refuses those.
    """
    key, others = SET_ASIDE[kind]
    allowed = float(getattr(task.promotion, key))
    own = forms(task, kind)
    aside = [False] * len(own)
    for other in others:
        known = set(forms(task, other))
        same = [form in known for form in own]
        if sum(same) <= allowed * len(own):
            aside = [one or two for one, two in zip(aside, same, strict=True)]
    return aside


def _any_aside(task: Task) -> bool:
    return any(set_aside(task, kind) for kind in SET_ASIDE)


def _form(task: Task) -> str:
    """What a task makes of a file."""
    return task.digest("inputs", "target", "slices")


_forms: dict[tuple[str, ...], list[str]] = {}
"""Normal forms of the rows of files, by path, content and what the task makes of them."""


def human_labels(task: Task) -> dict[str, str]:
    """The answers that people gave to chosen pool rows, by id; empty while there is no file.

    Raises UserError for what can't be told from the file: see `labelling.answers_of_people`.
    """
    from veritrain_lib.stage_io.annotation import answers_of_people

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
    key = (str(file), digest.of_file(file), _form(task), str(answers))
    if key not in _at_hand:
        if len(_at_hand) >= MOST_AT_HAND:
            _at_hand.clear()
        _at_hand[key] = read_examples(task, file, "human", answers=answers)
    return _at_hand[key].copy()
