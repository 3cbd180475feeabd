"""Command `veritrain predict`: answers a text or the rows of a file with the champion (best model) or another model."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from veritrain_lib.cli.output import TASK_HELP, CommandResult, ResultCommand, json_value, task_argument
from veritrain_lib.cli.output_file import replace_file, write_json_lines
from veritrain_lib.cli.prediction_input import file_rows, typed_row
from veritrain_lib.core.errors import UserError

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import RenderableType

    from veritrain_lib.core.records import Response
    from veritrain_lib.core.task import Task

BATCH_ROWS = 1000
"""Number of rows that the model is given at a time."""

MAX_SHOWN = 20
"""Number of a file's rows that are shown on a terminal; --out and --json have all of them."""


@click.command(cls=ResultCommand, short_help="Answer a text or a file with the champion.", help=(
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
    help="URI of a model, for example models:/support/3 (default: the champion).",
)
def predict(
    task: str, text: str | None, inputs: tuple[str, ...], file: Path | None, out: Path | None, model: str
) -> CommandResult:
    """Run `veritrain predict`: answer rows with the champion, the task's best model so far, or with another model.

    Args:
        task: Path or name of the task; empty for the one used last.
        text: Text to answer, for a task with one input; None if rows are given in another way.
        inputs: Inputs of one row, as texts NAME=VALUE.
        file: File with rows to answer, or None.
        out: File to which the answers are written as JSON Lines, or None.
        model: URI of the model; empty for the champion.

    Returns:
        What the command prints, and its exit code.

    Raises:
        UserError: The task, the file or the model can't be used, or `out` is the file that is read.
        click.UsageError: Not exactly one of `text`, `inputs` and `file` is given.
    """
    if sum([text is not None, bool(inputs), file is not None]) != 1:
        raise click.UsageError("give one of --text, --input NAME=VALUE (once a field) or --file")
    if file is not None and not file.is_file():
        raise UserError(f"there is no file {file}")
    if file is not None and out is not None and out.exists() and out.samefile(file):
        raise UserError(f"--out {out} is the file that is read; choose another name")
    from veritrain_lib.models.base import open_model
    from veritrain_lib.stages.inputs.defaults import champion_uri
    from veritrain_lib.stages.inputs.tasks import find_task

    loaded_task = find_task(task)
    rows = file_rows(loaded_task, file) if file is not None else typed_row(loaded_task, text, inputs)
    loaded_model = open_model(model or champion_uri(loaded_task), loaded_task)
    records: list[dict[str, Any]] = []
    for start in range(0, len(rows), BATCH_ROWS):
        part = rows.iloc[start : start + BATCH_ROWS]
        records.extend(
            _record(loaded_task, start + number, inputs_of_row, response)
            for number, (inputs_of_row, response) in enumerate(_pairs(part, loaded_model.answer(part)), 1)
        )
    if out is not None:
        replace_file(out, lambda file: write_json_lines(file, records))
    failed = sum(record["error"] is not None for record in records)
    show = _output(loaded_task, loaded_model.uri, records, failed, out)
    if file is None:
        return CommandResult(
            {"model": loaded_model.uri, "task": loaded_task.name, **records[0]}, show, 3 if failed else 0
        )
    return CommandResult(records, show, 3 if failed else 0)


def _pairs(rows: pd.DataFrame, responses: list[Response]) -> Iterator[tuple[dict[str, str], Response]]:
    for inputs, response in zip(rows.to_dict("records"), responses, strict=True):
        yield {str(name): str(value) for name, value in inputs.items()}, response


def _record(task: Task, number: int, inputs: dict[str, str], response: Response) -> dict[str, Any]:
    candidates = [{"text": candidate.text, "score": candidate.score} for candidate in response.candidates]
    record = {
        "row": number,
        "input": inputs,
        "answer": response.best,
        "candidates": candidates,
        "explanation": response.explanation,
        "error": response.error,
    }
    return dict(json_value(record))


def _output(
    task: Task, uri: str, records: list[dict[str, Any]], failed: int, out: Path | None
) -> list[RenderableType]:
    summary = f"{len(records)} row(s) answered by {uri}"
    summary += f"; {failed} could not be answered" if failed else ""
    summary += f"; all in {out}" if out else ""
    if len(records) == 1:
        return [*_single_answer(records[0]), summary]
    hidden = len(records) - MAX_SHOWN
    more = [f"... and {hidden} more; --out FILE.jsonl or --json gives all"] if hidden > 0 and not out else []
    return [_table(task, records), *more, summary]


def _single_answer(record: dict[str, Any]) -> list[str]:
    if record["error"] is not None:
        return [f"no answer: {record['error']}"]
    lines = [_candidate(candidate) for candidate in record["candidates"]]
    return [*lines, *([record["explanation"]] if record["explanation"] else [])]


def _candidate(candidate: dict[str, Any]) -> str:
    return (
        f"{candidate['text']}"
        if candidate["score"] is None
        else f"{candidate['text']}  {candidate['score']:.3f}"
    )


def _table(task: Task, records: list[dict[str, Any]]) -> RenderableType:
    from rich.box import SIMPLE_HEAD
    from rich.markup import escape
    from rich.table import Table

    table = Table("row", *task.inputs, "answer", "explanation or error", box=SIMPLE_HEAD)
    for column in table.columns:
        column.overflow = "fold"  # a sentence without spaces would be cut as one long word
    for record in records[:MAX_SHOWN]:
        answer = _candidate(record["candidates"][0]) if record["candidates"] else ""
        inputs = [value[:200] for value in record["input"].values()]
        cells = [str(record["row"]), *inputs, answer, record["error"] or record["explanation"] or ""]
        table.add_row(*(escape(cell) for cell in cells))
    return table
