"""A task from a user's file: a folder with a commented task file and the rows, dealt into parts."""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from veritrain_lib import project
from veritrain_lib.errors import UserError
from veritrain_lib.new_task.columns import Columns, choose_columns
from veritrain_lib.new_task.language import guess_language
from veritrain_lib.new_task.split import Split, split
from veritrain_lib.new_task.starter import Starter
from veritrain_lib.records import RESERVED
from veritrain_lib.rows import read_table
from veritrain_lib.task import Task, load_task

if TYPE_CHECKING:
    import pandas as pd

ROUNDS = 4
MOST_A_ROUND = 500

SMALLEST_POOL = 20
"""Rows below which there is nothing to choose from: then the rows at hand are varied."""

FILES = {"seed": "seed.csv", "development": "dev.csv", "test": "test.csv", "pool": "pool.csv"}
LEFT_OUT = "left_out.csv"


@dataclass(frozen=True)
class NewTask:
    """The task as it was written; `counts` are rows by part, `left_out` rows by reason, `guesses` sentences."""

    task: Task
    counts: dict[str, int]
    left_out: dict[str, int]
    guesses: list[str]


def make_task(source: Path, *, name: str = "", into: Path | None = None, inputs: tuple[str, ...] = (), target: str = "",
              seed: int = 0, leave_out_rare: bool = False) -> NewTask:  # fmt: skip
    """Write a task folder (default: named after the task, in the working directory) and give the task back.

    Same file and options: same folder, byte by byte. Raises UserError when the file can't be read or is too
    small, a column is missing or can't be guessed, or the folder is there already; then nothing is written.
    """
    if not source.is_file():
        raise UserError(f"there is no file {source}")
    name = name or _name_from(source)
    if not re.fullmatch(r"[a-z][a-z0-9_-]{0,62}", name):
        raise UserError(
            f"{name!r} can't name a task; allowed: a small letter, then up to 62 of a-z 0-9 _ -. Choose one with --name"
        )
    if name in project.EXAMPLES:
        raise UserError(f"{name!r} is the name of a built-in example; choose another with --name")
    folder = (into or Path(name)).expanduser().resolve()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UserError(
            f"{folder} is there already and nothing is overwritten; choose another place with --into"
        )
    rows = read_table(source)
    if not len(rows):
        raise UserError(f"{source.name} holds no rows")
    rows, columns, renamed = _without_reserved(rows, choose_columns(rows, inputs, target))
    languages = {field: guess_language(rows[field].tolist()) for field in columns.inputs}
    dealt = split(rows, columns, languages, seed=seed, leave_out_rare=leave_out_rare)
    starter = _starter(name, source, columns, dealt, languages, seed)
    task = _write(folder, starter, columns, dealt)
    told = [
        f"language of {field!r}: {language or 'not clear, so rows are not held against one'}"
        for field, language in languages.items()
    ]
    reasons = {str(reason): int(count) for reason, count in dealt.left_out["reason"].value_counts().items()}
    return NewTask(
        task,
        {kind: len(part) for kind, part in dealt.parts.items()},
        reasons,
        [*columns.why, *renamed, *told],
    )


def _name_from(source: Path) -> str:
    return re.sub(r"[^a-z0-9_-]+", "-", source.stem.lower()).strip("-_0123456789")[:63] or "task"


def _without_reserved(rows: pd.DataFrame, columns: Columns) -> tuple[pd.DataFrame, Columns, list[str]]:
    """The workbench owns some column names: the user's columns of these names get another one."""
    new = {name: f"{name}_given" for name in RESERVED if name in (*columns.inputs, columns.target)}
    clash = [name for name in new.values() if name in rows.columns]
    if clash:
        raise UserError(
            f"the column(s) {', '.join(new)} must be renamed, because the workbench owns the name, but {', '.join(clash)} exists too; rename them in the file"
        )
    told = [
        f"column {old!r} is called {fresh!r} in the task: the workbench owns the name {old!r}"
        for old, fresh in new.items()
    ]
    moved = Columns(
        [new.get(name, name) for name in columns.inputs],
        new.get(columns.target, columns.target),
        columns.slices,
        columns.why,
    )
    return (
        rows.drop(columns=[name for name in RESERVED if name in rows.columns and name not in new]).rename(
            columns=new
        ),
        moved,
        told,
    )


def _starter(
    name: str, source: Path, columns: Columns, dealt: Split, languages: dict[str, str | None], seed: int
) -> Starter:
    pool = len(dealt.parts.get("pool", ()))
    from_pool = pool >= SMALLEST_POOL
    a_round = min(MOST_A_ROUND, pool // ROUNDS if from_pool else len(dealt.parts["seed"]))
    return Starter(
        name=name, made_from=source.name, inputs=languages, target=columns.target, labels=dealt.labels, slices=[columns.target, *columns.slices],
        length_bands=_bands(dealt.parts["seed"][columns.inputs[0]]), files={**{kind: FILES[kind] for kind in FILES if kind in dealt.parts}, "labels": "labels.csv"},
        teacher="pool" if from_pool else "augment", rounds=ROUNDS, rows_per_round=a_round, batch=max(1, a_round // 3), seed=seed,
    )  # fmt: skip


def _bands(texts: pd.Series[str]) -> list[int]:
    """Bounds at the thirds of the lengths in words; none where all texts are about equally long."""
    words = texts.map(lambda text: len(text.split()))
    bands = sorted({int(words.quantile(share)) for share in (1 / 3, 2 / 3)})
    return [band for band in bands if 0 < band < int(words.max())]


def _write(folder: Path, starter: Starter, columns: Columns, dealt: Split) -> Task:
    names = [*columns.inputs, columns.target, *columns.slices]
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Built beside its place and moved in one step: a folder is there whole or not at all.
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".new-task-") as desk:
        draft = Path(desk) / "task"
        draft.mkdir()
        for kind, part in dealt.parts.items():
            part[names].to_csv(draft / FILES[kind], index=False, encoding="utf-8", lineterminator="\n")
        if len(dealt.left_out):
            dealt.left_out.to_csv(draft / LEFT_OUT, index=False, encoding="utf-8", lineterminator="\n")
        (draft / "task.yaml").write_text(starter.text(), encoding="utf-8")
        load_task(draft)
        if folder.is_dir():
            folder.rmdir()
        draft.rename(folder)
    return load_task(folder)
