"""`veritrain predict`: ask the champion (or any model) about a text or a file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from veritrain_lib.cli.output import TASK_HELP, Answer, AnsweringCommand, plain, task_argument
from veritrain_lib.cli.prediction_input import file_rows, typed_row
from veritrain_lib.core.errors import UserError

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import RenderableType

    from veritrain_lib.core.records import Response
    from veritrain_lib.core.task import Task

AT_ONCE = 1000
"""Rows that a model is asked at a time."""

SHOWN = 20
"""Rows of a file that are shown on a terminal; all of them go to --out and --json."""


@click.command(cls=AnsweringCommand, short_help="Answer a text or a file with the champion.", help=(
    "Answer a text or a file, with the champion unless --model names another.\n\n"
    "With --file, --json prints JSON Lines: one document a row. A row that could not be answered has `error`, "
    "and the exit code is 3. " + TASK_HELP
))  # fmt: skip
@task_argument
@click.option("--text", help="The text to answer, for a task with one input field.")
@click.option(
    "--input", "inputs", multiple=True, metavar="NAME=VALUE", help="One input field; may be repeated."
)
@click.option(
    "--file",
    type=click.Path(path_type=Path),
    help="Rows to answer, with the task's input columns (docs/files.md says which files are read).",
)
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), help="Write the answers here as JSON Lines."
)
@click.option(
    "--model",
    default="",
    metavar="URI",
    help="Address of a model, for example models:/support/3 (default: the champion).",
)
def predict(
    task: str, text: str | None, inputs: tuple[str, ...], file: Path | None, out: Path | None, model: str
) -> Answer:
    """Answer rows."""
    if sum([text is not None, bool(inputs), file is not None]) != 1:
        raise click.UsageError("give one of --text, --input NAME=VALUE (once a field) or --file")
    if file is not None and not file.is_file():
        raise UserError(f"there is no file {file}")
    if file is not None and out is not None and out.exists() and out.samefile(file):
        raise UserError(f"--out {out} is the file that is read; choose another name")
    from veritrain_lib.models.base import open_model
    from veritrain_lib.stage_io.tasks import find_task

    found = find_task(task)
    rows = file_rows(found, file) if file is not None else typed_row(found, text, inputs)
    opened = open_model(model or _champion(found), found)
    records: list[dict[str, Any]] = []
    for start in range(0, len(rows), AT_ONCE):
        part = rows.iloc[start : start + AT_ONCE]
        records.extend(
            _record(found, start + at, given, response)
            for at, (given, response) in enumerate(_pairs(part, opened.answer(part)), 1)
        )
    if out is not None:
        _write(out, records)
    failed = sum(record["error"] is not None for record in records)
    show = _show(found, opened.uri, records, failed, out)
    if file is None:
        return Answer({"model": opened.uri, "task": found.name, **records[0]}, show, 3 if failed else 0)
    return Answer(records, show, 3 if failed else 0)


def _champion(task: Task) -> str:
    from veritrain_lib.tracking import models

    champion = models.by_alias(task, models.CHAMPION)
    if champion is not None:
        return champion.uri
    there = models.listing(task)
    if there:
        raise UserError(
            f"the alias champion of {task.name} points nowhere, though there are models: "
            f"{', '.join(one.uri for one in there[-5:])}. Name one with --model, or have the loop set it: "
            f"veritrain loop {task.path}"
        )
    raise UserError(f"task {task.name} has no champion yet; run: veritrain loop {task.path}")


def _pairs(rows: pd.DataFrame, responses: list[Response]) -> Iterator[tuple[dict[str, str], Response]]:
    for given, response in zip(rows.to_dict("records"), responses, strict=True):
        yield {str(name): str(value) for name, value in given.items()}, response


def _record(task: Task, number: int, given: dict[str, str], response: Response) -> dict[str, Any]:
    candidates = [{"text": one.text, "score": one.score} for one in response.candidates]
    record = {
        "row": number,
        "input": given,
        "answer": response.best,
        "candidates": candidates,
        "explanation": response.explanation,
        "error": response.error,
    }
    return dict(plain(record))


def _write(out: Path, records: list[dict[str, Any]]) -> None:
    part = out.with_name(out.name + ".part")
    try:
        part.write_text(
            "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records), encoding="utf-8"
        )
        part.replace(out)
    except OSError as error:
        raise UserError(f"--out {out} can't be written: {error.strerror}") from error


def _show(
    task: Task, uri: str, records: list[dict[str, Any]], failed: int, out: Path | None
) -> list[RenderableType]:
    told = f"{len(records)} row(s) answered by {uri}"
    told += f"; {failed} could not be answered" if failed else ""
    told += f"; all in {out}" if out else ""
    if len(records) == 1:
        return [*_one(records[0]), told]
    left = len(records) - SHOWN
    more = [f"... and {left} more; --out FILE.jsonl or --json gives all"] if left > 0 and not out else []
    return [_table(task, records), *more, told]


def _one(record: dict[str, Any]) -> list[str]:
    if record["error"] is not None:
        return [f"no answer: {record['error']}"]
    lines = [_candidate(one) for one in record["candidates"]]
    return [*lines, *([record["explanation"]] if record["explanation"] else [])]


def _candidate(one: dict[str, Any]) -> str:
    return f"{one['text']}" if one["score"] is None else f"{one['text']}  {one['score']:.3f}"


def _table(task: Task, records: list[dict[str, Any]]) -> RenderableType:
    from rich.box import SIMPLE_HEAD
    from rich.markup import escape
    from rich.table import Table

    table = Table("row", *task.inputs, "answer", "explanation or error", box=SIMPLE_HEAD)
    for column in table.columns:
        column.overflow = "fold"  # a sentence without spaces would be cut as one long word
    for record in records[:SHOWN]:
        answer = _candidate(record["candidates"][0]) if record["candidates"] else ""
        inputs = [value[:200] for value in record["input"].values()]
        cells = [str(record["row"]), *inputs, answer, record["error"] or record["explanation"] or ""]
        table.add_row(*(escape(cell) for cell in cells))
    return table
