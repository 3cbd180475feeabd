"""A task from a user's file: a folder with a commented task file and the rows, dealt into parts."""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from veritrain_lib.core import project
from veritrain_lib.core.errors import UserError
from veritrain_lib.core.records import RESERVED
from veritrain_lib.core.rows import length
from veritrain_lib.core.task import Task, load_task
from veritrain_lib.new_task.annotators import disagreement, of_annotator
from veritrain_lib.new_task.columns import Columns, choose_columns
from veritrain_lib.new_task.label_spellings import one_spelling
from veritrain_lib.new_task.language import guess_language
from veritrain_lib.new_task.source_file import SourceRows, read_source
from veritrain_lib.new_task.split import Split, split
from veritrain_lib.new_task.suite import SUITE, text_suite
from veritrain_lib.new_task.task_template import Starter
from veritrain_lib.reading.fault import refuse_rows

if TYPE_CHECKING:
    import pandas as pd

ROUNDS = 4
MOST_A_ROUND = 500

FEWEST_A_ROUND = 10
"""New rows that the standard suites ask for (`dataset.minimum_rows`)."""

SMALLEST_POOL = 20
"""Rows below which there is nothing to choose from: then the rows at hand are varied."""

TELLING = 1_000
"""Characters of a text that its language is told by."""

FILES = {"seed": "seed.csv", "development": "dev.csv", "test": "test.csv", "pool": "pool.csv"}
LEFT_OUT = "left_out.csv"


@dataclass(frozen=True)
class NewTask:
    """The task as it was written; `counts` are rows by part, `left_out` rows by reason, `guesses` sentences."""

    task: Task
    counts: dict[str, int]
    left_out: dict[str, int]
    guesses: list[str]


@dataclass(frozen=True)
class Wanted:
    """What the user says of the file, where it is not guessed.

    Attributes:
        inputs, target: columns; `meta.text` is a field of the objects in the column `meta`.
        text: the answers are texts and no labels.
        header: whether the first row names the columns; None asks where that is in doubt.
        skip_broken: leave out rows that can't be read, instead of refusing the file.
        annotator: take only the answers of this person.
        merge_case: labels that differ by case are one; without it they are asked about.
        leave_out_rare: leave out labels with too few rows.
    """

    inputs: tuple[str, ...] = ()
    target: str = ""
    text: bool = False
    header: bool | None = None
    skip_broken: bool = False
    annotator: str = ""
    merge_case: bool = False
    leave_out_rare: bool = False


def make_task(source: Path, *, name: str = "", into: Path | None = None, wanted: Wanted | None = None, seed: int = 0,
              **more: Any) -> NewTask:  # fmt: skip
    """Write a task folder (default: named after the task, in the working directory) and give the task back.

    Same file and options: same folder, byte by byte. `more` are fields of `Wanted`, for short. Raises UserError when the
    file can't be read or is too small, a column is missing or can't be guessed, rows have several answers or labels
    several spellings, or the folder is there already; then nothing is written.
    """
    wanted = wanted or Wanted(**more)
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
    named = (*wanted.inputs, *([wanted.target] if wanted.target else []))
    found = read_source(source, header=wanted.header, skip_broken=wanted.skip_broken, wanted=named)
    rows, columns, told = _chosen(source, found, wanted)
    languages = {field: _language(rows[field]) for field in columns.inputs}
    answered = _language(rows[columns.target]) if wanted.text else None
    apart = "" if wanted.text else disagreement(rows, columns.inputs, columns.target)
    try:
        dealt = split(
            rows, columns, languages, seed=seed, leave_out_rare=wanted.leave_out_rare, text=wanted.text
        )
    except UserError as error:
        raise UserError(f"{error}. {apart}" if apart else str(error)) from error
    starter = _starter(name, source, columns, dealt, languages, seed)
    if wanted.text:
        starter = replace(starter, text_answers=True, target_language=answered, slices=columns.slices)
    task = _write(folder, starter, columns, dealt)
    spoken = {**languages, **({columns.target: answered} if wanted.text else {})}
    told += [
        f"language of {field!r}: {language or 'not clear, so rows are not held against one'}"
        for field, language in spoken.items()
    ]
    reasons = {str(reason): int(count) for reason, count in dealt.left_out["reason"].value_counts().items()}
    return NewTask(
        task,
        {kind: len(part) for kind, part in dealt.parts.items()},
        reasons,
        [*told, *([apart] if apart else [])],
    )


def _chosen(source: Path, found: SourceRows, wanted: Wanted) -> tuple[pd.DataFrame, Columns, list[str]]:
    """The rows with the columns that are asked and answered, and what was done to get there.

    Raises UserError for a column that is no text, rows with several answers, and labels that differ by case.
    """
    rows = of_annotator(found.rows, wanted.annotator) if wanted.annotator else found.rows
    told = list(found.notes)
    if wanted.annotator:
        told.append(
            f"only the answers of {wanted.annotator!r} are taken: {len(rows)} of {len(found.rows)} rows"
        )
    for name in (*wanted.inputs, wanted.target):
        if name in found.nested:
            raise UserError(_nested(name, found.nested[name]))
    flat = rows.drop(columns=list(found.nested))
    try:
        columns = choose_columns(flat, wanted.inputs, wanted.target, text=wanted.text)
    except UserError as error:
        hints = [_nested(name, keys) for name, keys in found.nested.items()]
        raise UserError(". ".join([str(error), *hints])) from error
    told += [f"not taken: {_nested(name, keys)}" for name, keys in found.nested.items()]
    remedy = f"One answer a row is needed in {columns.target!r}: settle on one, and export again"
    refuse_rows(source.name, found.several.get(columns.target, []), remedy)
    if count := found.unwrapped.get(columns.target, 0):
        told.append(f"{count} single answers in {columns.target!r} are taken out of their lists or objects")
    if not wanted.text:
        answers, merged = one_spelling(flat[columns.target], wanted.merge_case)
        flat = flat.assign(**{columns.target: answers})
        told += merged
    flat, columns, renamed = _without_reserved(flat, columns)
    return flat, columns, [*told, *columns.why, *renamed]


def _nested(name: str, keys: list[str]) -> str:
    return (
        f"the column {name!r} holds JSON objects (with {', '.join(keys) or 'no keys'}), no texts; a field inside is taken by "
        f"--input {name}.{keys[0] if keys else 'KEY'}, or --target"
    )


def _language(texts: pd.Series[str]) -> str | None:
    # The beginning tells it as well, and the time grows with the length.
    return guess_language([text[:TELLING] for text in texts])


def _name_from(source: Path) -> str:
    return re.sub(r"[^a-z0-9_-]+", "-", source.stem.lower()).strip("-_0123456789")[:63] or "task"


def _without_reserved(rows: pd.DataFrame, columns: Columns) -> tuple[pd.DataFrame, Columns, list[str]]:
    """The workbench owns some column names, and a dot is no part of one: such columns get another name."""
    used = (*columns.inputs, columns.target)
    new = {name: f"{name}_given" for name in RESERVED if name in used}
    new |= {name: _undotted(name) for name in used if "." in name}
    clash = [name for name in new.values() if name in rows.columns]
    if clash:
        raise UserError(
            f"the column(s) {', '.join(new)} must be renamed for the task, but {', '.join(clash)} exists too; rename them in the file"
        )
    told = [
        f"column {old!r} is called {fresh!r} in the task"
        + (f": the workbench owns the name {old!r}" if old in RESERVED else "")
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


def _undotted(name: str) -> str:
    """`label.responses` as `label`, `data.text` as `data_text`."""
    return name.removesuffix(".responses").replace(".", "_")


def _starter(
    name: str, source: Path, columns: Columns, dealt: Split, languages: dict[str, str | None], seed: int
) -> Starter:
    pool = len(dealt.parts.get("pool", ()))
    from_pool = pool >= SMALLEST_POOL
    # A round of fewer rows than the suite asks for would be blocked each time: rather fewer rounds.
    rounds = min(ROUNDS, max(1, pool // FEWEST_A_ROUND)) if from_pool else ROUNDS
    a_round = min(MOST_A_ROUND, pool // rounds if from_pool else len(dealt.parts["seed"]))
    return Starter(
        name=name, made_from=source.name, inputs=languages, target=columns.target, labels=dealt.labels, slices=[columns.target, *columns.slices],
        length_bands=_bands(dealt.parts["seed"][columns.inputs[0]]), files={**{kind: FILES[kind] for kind in FILES if kind in dealt.parts}, "labels": "labels.csv"},
        teacher="pool" if from_pool else "augment", rounds=rounds, rows_per_round=a_round, batch=max(1, a_round // 3), seed=seed,
    )  # fmt: skip


def _bands(texts: pd.Series[str]) -> list[int]:
    """Bounds at the thirds of the lengths in words; none where all texts are about equally long."""
    words = length(texts)
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
        if starter.gate == SUITE:
            (draft / SUITE).write_text(text_suite(starter.name), encoding="utf-8")
        load_task(draft)
        if folder.is_dir():
            folder.rmdir()
        draft.rename(folder)
    return load_task(folder)
