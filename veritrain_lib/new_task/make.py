"""The function `make_task`, which writes a task's folder with a commented task file and the split rows."""

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
from veritrain_lib.new_task.annotators import answers_of_annotator, disagreement
from veritrain_lib.new_task.balance import label_balance
from veritrain_lib.new_task.columns import TaskColumns, choose_columns
from veritrain_lib.new_task.label_spellings import merge_spellings
from veritrain_lib.new_task.language import guess_language
from veritrain_lib.new_task.source_file import SourceRows, read_source_file
from veritrain_lib.new_task.split import TaskSplit, split
from veritrain_lib.new_task.suite import SUITE, text_suite
from veritrain_lib.new_task.task_template import TaskTemplate
from veritrain_lib.reading.exports import joined_labels
from veritrain_lib.reading.fault import reject_rows

if TYPE_CHECKING:
    import pandas as pd

ROUNDS = 4
MAX_ROWS_PER_ROUND = 500

MIN_ROWS_PER_ROUND = 10
"""Minimum number of new rows per round that the standard gate suites require (`dataset.minimum_rows`)."""

MIN_POOL_ROWS = 20
"""Minimum number of pool rows for the teacher `pool`; with fewer, the new task gets the teacher `augment`."""

MAX_LANGUAGE_CHARACTERS = 1_000
"""Number of characters at the start of each text from which its language is detected."""

FILES = {"seed": "seed.csv", "development": "dev.csv", "test": "test.csv", "pool": "pool.csv"}
LEFT_OUT = "left_out.csv"


@dataclass(frozen=True)
class NewTask:
    """Result of `veritrain new-task`: the task it wrote, with explanations of what was guessed.

    Attributes:
        task: the task, loaded from its folder.
        counts: number of rows by part (`seed`, `development`, `test`, `pool`).
        left_out: number of rows that are in no part, by reason.
        guesses: sentences that explain what was guessed or changed.
    """

    task: Task
    counts: dict[str, int]
    left_out: dict[str, int]
    guesses: list[str]


@dataclass(frozen=True)
class SourceOptions:
    """Options for making a task from a user's file; columns that are not named are guessed.

    Attributes:
        inputs: names of the input columns; `meta.text` is the field `text` of the JSON objects in the column
            `meta`.
        target: name of the target column, in the same notation.
        text: whether the answers are free texts instead of labels.
        header: whether the first row holds the names of the columns; None: detected, with an error where it
            is in doubt.
        skip_broken: whether to leave out rows that can't be read; otherwise they are an error.
        annotator: use only the answers of this annotator; empty: of all.
        merge_case: whether to merge labels that differ only by case; otherwise they are an error.
        leave_out_rare: whether to leave out labels with too few rows; otherwise they are an error.
    """

    inputs: tuple[str, ...] = ()
    target: str = ""
    text: bool = False
    header: bool | None = None
    skip_broken: bool = False
    annotator: str = ""
    merge_case: bool = False
    leave_out_rare: bool = False


def make_task(source: Path, *, name: str = "", into: Path | None = None, options: SourceOptions | None = None, seed: int = 0,
              **more: Any) -> NewTask:  # fmt: skip
    """Write a task's folder from a user's file of rows, and return the task.

    The same file and options give the same folder, byte for byte. Nothing is written if an error is raised.

    Args:
        source: path of the user's file.
        name: name of the task; empty: derived from the name of the file.
        into: the folder to write; None: a folder named like the task in the working directory.
        options: options for reading the file; None: made from `more`.
        seed: random seed of the split.
        more: fields of `SourceOptions`, as a shorthand for `options`.

    Raises:
        UserError: the file can't be read or is too small, a column is missing or can't be guessed, rows have
            several answers, labels differ only by case or have too few rows, or the folder already exists.
    """
    options = options or SourceOptions(**more)
    if not source.is_file():
        raise UserError(f"there is no file {source}")
    name = name or _name_from(source)
    folder = _free_folder(name, into)
    named = (*options.inputs, *([options.target] if options.target else []))
    source_rows = read_source_file(
        source, header=options.header, skip_broken=options.skip_broken, requested=named
    )
    rows, columns, notes = _prepare_rows(source, source_rows, options)
    languages = {field: _language(rows[field]) for field in columns.inputs}
    answer_language = _language(rows[columns.target]) if options.text else None
    disagreements = "" if options.text else disagreement(rows, columns.inputs, columns.target)
    try:
        task_split = split(
            rows, columns, languages, seed=seed, leave_out_rare=options.leave_out_rare, text=options.text
        )
    except UserError as error:
        raise UserError(f"{error}. {disagreements}" if disagreements else str(error)) from error
    template = _task_template(name, source, columns, task_split, languages, seed)
    if options.text:
        template = replace(
            template, text_answers=True, target_language=answer_language, slices=columns.slices
        )
    else:
        template, balance_note = _with_balance(template, task_split, columns)
        notes.append(balance_note)
    task = _write(folder, template, columns, task_split)
    field_languages = {**languages, **({columns.target: answer_language} if options.text else {})}
    notes += [
        f"language of {field!r}: {language or 'unclear, so the language of rows is not checked'}"
        for field, language in field_languages.items()
    ]
    left_out = task_split.left_out["reason"].value_counts().items()
    return NewTask(
        task,
        {kind: len(part) for kind, part in task_split.parts.items()},
        {str(reason): int(count) for reason, count in left_out},
        [*notes, *([disagreements] if disagreements else [])],
    )


def _with_balance(
    template: TaskTemplate, task_split: TaskSplit, columns: TaskColumns
) -> tuple[TaskTemplate, str]:
    """Return the template with the primary metric that suits the labels' frequencies, and a sentence about it."""
    balance = label_balance(task_split, columns.target)
    return replace(template, imbalanced=balance.imbalanced), balance.sentence()


def _free_folder(name: str, into: Path | None) -> Path:
    """Return the absolute path of the folder to write, after checking that it is free.

    Args:
        name: name of the task.
        into: the folder that the user named; None: a folder named like the task in the working directory.

    Raises:
        UserError: the task's name is not allowed, or the folder already contains something.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_-]{0,62}", name):
        raise UserError(
            f"{name!r} is not a valid task name; allowed: a lower-case letter, then up to 62 of a-z 0-9 _ -. Choose one with --name"
        )
    if name in project.EXAMPLES:
        raise UserError(f"{name!r} is the name of a built-in example; choose another with --name")
    folder = (into or Path(name)).expanduser().resolve()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UserError(
            f"{folder} already exists and nothing is overwritten; choose another folder with --into"
        )
    return folder


def _prepare_rows(
    source: Path, source_rows: SourceRows, options: SourceOptions
) -> tuple[pd.DataFrame, TaskColumns, list[str]]:
    """Choose the columns and clean the rows of a user's file.

    Args:
        source: path of the file.
        source_rows: rows of the file.
        options: the user's options.

    Returns:
        The rows, the roles of their columns, and sentences that explain what was guessed or changed.

    Raises:
        UserError: a column holds JSON objects instead of texts, rows have several answers, or labels differ
            only by case.
    """
    rows = (
        answers_of_annotator(source_rows.rows, options.annotator) if options.annotator else source_rows.rows
    )
    notes = list(source_rows.notes)
    if options.annotator:
        notes.append(
            f"only the answers of {options.annotator!r} are used: {len(rows)} of {len(source_rows.rows)} rows"
        )
    for name in (*options.inputs, options.target):
        if name in source_rows.nested:
            raise UserError(_nested_message(name, source_rows.nested[name]))
    text_columns = rows.drop(columns=list(source_rows.nested))
    try:
        columns = choose_columns(text_columns, options.inputs, options.target, text=options.text)
    except UserError as error:
        hints = [_nested_message(name, keys) for name, keys in source_rows.nested.items()]
        raise UserError(". ".join([str(error), *hints])) from error
    notes += [f"not used: {_nested_message(name, keys)}" for name, keys in source_rows.nested.items()]
    remedy = f"Column {columns.target!r} needs one answer per row: decide on one, and export again"
    several = source_rows.several.get(columns.target, [])
    if not options.text:
        cells = text_columns[columns.target]
        several = several + joined_labels(cells.tolist(), [int(index) + 1 for index in cells.index])
    reject_rows(source.name, several, remedy)
    if count := source_rows.unwrapped.get(columns.target, 0):
        notes.append(
            f"{count} single answers in {columns.target!r} were extracted from their lists or objects"
        )
    if not options.text:
        answers, merged = merge_spellings(text_columns[columns.target], options.merge_case)
        text_columns = text_columns.assign(**{columns.target: answers})
        notes += merged
    text_columns, columns, renamed = _without_reserved(text_columns, columns)
    return text_columns, columns, [*notes, *columns.why, *renamed]


def _nested_message(name: str, keys: list[str]) -> str:
    return (
        f"the column {name!r} holds JSON objects (with {', '.join(keys) or 'no keys'}), not texts; select a field inside with "
        f"--input {name}.{keys[0] if keys else 'KEY'}, or --target"
    )


def _language(texts: pd.Series[str]) -> str | None:
    # The beginning is enough to detect it, and the time grows with the length.
    return guess_language([text[:MAX_LANGUAGE_CHARACTERS] for text in texts])


def _name_from(source: Path) -> str:
    return re.sub(r"[^a-z0-9_-]+", "-", source.stem.lower()).strip("-_0123456789")[:63] or "task"


def _without_reserved(
    rows: pd.DataFrame, columns: TaskColumns
) -> tuple[pd.DataFrame, TaskColumns, list[str]]:
    """Free the rows of column names that a task must not use, and return rows, columns and sentences about new names.

    Used columns whose name is reserved or contains a dot are renamed; unused columns with a reserved name are
    dropped.

    Raises:
        UserError: the new name of a column exists already.
    """
    used = (*columns.inputs, columns.target)
    new = {name: f"{name}_given" for name in RESERVED if name in used}
    new |= {name: _undotted(name) for name in used if "." in name}
    clash = [name for name in new.values() if name in rows.columns]
    if clash:
        raise UserError(
            f"the column(s) {', '.join(new)} must be renamed for the task, but {', '.join(clash)} exists too; rename them in the file"
        )
    notes = [
        f"column {old!r} is called {new_name!r} in the task"
        + (f": {old!r} is a reserved name" if old in RESERVED else "")
        for old, new_name in new.items()
    ]
    renamed_columns = TaskColumns(
        [new.get(name, name) for name in columns.inputs],
        new.get(columns.target, columns.target),
        columns.slices,
        columns.why,
    )
    return (
        rows.drop(columns=[name for name in RESERVED if name in rows.columns and name not in new]).rename(
            columns=new
        ),
        renamed_columns,
        notes,
    )


def _undotted(name: str) -> str:
    """Return a column's name without dots: `label` for `label.responses`, `data_text` for `data.text`."""
    return name.removesuffix(".responses").replace(".", "_")


def _task_template(
    name: str,
    source: Path,
    columns: TaskColumns,
    task_split: TaskSplit,
    languages: dict[str, str | None],
    seed: int,
) -> TaskTemplate:
    pool = len(task_split.parts.get("pool", ()))
    from_pool = pool >= MIN_POOL_ROWS
    # A round with fewer rows than the suite requires would be blocked each time, so plan fewer rounds.
    rounds = min(ROUNDS, max(1, pool // MIN_ROWS_PER_ROUND)) if from_pool else ROUNDS
    rows_per_round = min(MAX_ROWS_PER_ROUND, pool // rounds if from_pool else len(task_split.parts["seed"]))
    return TaskTemplate(
        name=name, made_from=source.name, inputs=languages, target=columns.target, labels=task_split.labels, slices=[columns.target, *columns.slices],
        length_bands=_bands(task_split.parts["seed"][columns.inputs[0]]), files={**{kind: FILES[kind] for kind in FILES if kind in task_split.parts}, "labels": "labels.csv"},
        teacher="pool" if from_pool else "augment", rounds=rounds, rows_per_round=rows_per_round, batch=max(1, rows_per_round // 3), seed=seed,
    )  # fmt: skip


def _bands(texts: pd.Series[str]) -> list[int]:
    """Return two text lengths in words that divide the texts into thirds; fewer if lengths hardly differ."""
    words = length(texts)
    bands = sorted({int(words.quantile(share)) for share in (1 / 3, 2 / 3)})
    return [band for band in bands if 0 < band < int(words.max())]


def _write(folder: Path, template: TaskTemplate, columns: TaskColumns, task_split: TaskSplit) -> Task:
    names = [*columns.inputs, columns.target, *columns.slices]
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Written next to its final path and moved in one step: the folder exists complete or not at all.
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".new-task-") as work_directory:
        draft = Path(work_directory) / "task"
        draft.mkdir()
        for kind, part in task_split.parts.items():
            part[names].to_csv(draft / FILES[kind], index=False, encoding="utf-8", lineterminator="\n")
        if len(task_split.left_out):
            task_split.left_out.to_csv(draft / LEFT_OUT, index=False, encoding="utf-8", lineterminator="\n")
        (draft / "task.yaml").write_text(template.text(), encoding="utf-8")
        if template.gate == SUITE:
            (draft / SUITE).write_text(text_suite(template.name), encoding="utf-8")
        load_task(draft)
        if folder.is_dir():
            folder.rmdir()
        draft.rename(folder)
    return load_task(folder)
