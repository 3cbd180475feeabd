"""Command `veritrain rows`: shows the rows of a stored dataset, or writes them to files."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from veritrain_lib.cli.output import CommandResult, ResultCommand
from veritrain_lib.cli.output_file import replace_file, write_json_lines

if TYPE_CHECKING:
    import pandas as pd
    from rich.table import Table

    from veritrain_lib.core.records import Dataset

SHOWN_CHARACTERS = 60
"""Maximum characters of a value in the table on the terminal."""


@click.command(cls=ResultCommand, short_help="Show the rows of a dataset, or write them to a file.", help=(
    "Show the first rows of a dataset, or write all of them to a file: DATASET is NAME@VERSION, as veritrain status lists "
    "them.\n\n"
    "  veritrain rows support@3                     shows the first rows\n\n"
    "  veritrain rows support@3 --csv rows.csv      writes all of them\n\n"
    "A file that exists is replaced. TASK is the path of the dataset's task file; without it the task is found by its name."
))  # fmt: skip
@click.argument("dataset", metavar="DATASET")
@click.argument("task", default="", metavar="[TASK]")
@click.option(
    "--csv", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False), help="Write a CSV file (UTF-8)."
)
@click.option(
    "--jsonl",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write a JSON Lines file.",
)
@click.option("--parquet", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False),
              help="Write a Parquet file; values that are not texts become JSON.")  # fmt: skip
def rows(
    dataset: str, task: str, csv: Path | None, jsonl: Path | None, parquet: Path | None
) -> CommandResult:
    """Run `veritrain rows`: show the rows of a stored dataset, or write them to files.

    Args:
        dataset: Reference `NAME@VERSION` of the dataset.
        task: Path or name of the dataset's task; empty for the task with the dataset's name.
        csv: CSV file to write, or None.
        jsonl: JSON Lines file to write, or None.
        parquet: Parquet file to write, or None.

    Returns:
        What the command prints, and its exit code.

    Raises:
        UserError: There is no such task or dataset, or a file can't be written.
        click.UsageError: The folder of a file to write does not exist.
    """
    from veritrain_lib.core.errors import UserError
    from veritrain_lib.stages.inputs.tasks import find_task
    from veritrain_lib.tracking import datasets

    wanted = [(file, write) for file, write in ((csv, _csv), (jsonl, _jsonl), (parquet, _parquet)) if file]
    for file, _ in wanted:
        if not file.absolute().parent.is_dir():
            raise click.UsageError(f"there is no folder {file.parent} to write {file.name} into")
    name = dataset.rpartition("@")[0]
    if not name:
        raise UserError(f"{dataset!r} is not a dataset; write NAME@VERSION, for example support@3")
    loaded = datasets.load(find_task(task or name), dataset)
    for file, write in wanted:
        replace_file(file, partial(write, loaded.rows))
    written = [str(file) for file, _ in wanted]
    document = {
        "dataset": loaded.reference, "status": loaded.status, "rows": len(loaded.rows),
        "columns": [str(column) for column in loaded.rows.columns], "run": loaded.made_by, "files": written,
    }  # fmt: skip
    summary = f"{loaded.reference}, {loaded.status}: {len(loaded.rows)} rows"
    if written:
        return CommandResult(document, [f"{summary}, written to {', '.join(written)}"])
    return CommandResult(
        document, [summary, _table(loaded), "All of them: --csv FILE, --jsonl FILE or --parquet FILE"]
    )


def _table(dataset: Dataset) -> Table:
    """Return the first rows of a dataset as a table for the terminal, with long values cut."""
    from rich.markup import escape
    from rich.table import Table

    from veritrain_lib.core.records import SHOWN_ROWS

    first = dataset.rows.head(SHOWN_ROWS)
    table = Table(*map(str, first.columns))
    for values in first.astype(object).where(first.notna(), "").itertuples(index=False):
        texts = (" ".join(str(value).split()) for value in values)
        table.add_row(
            *(
                escape(text if len(text) <= SHOWN_CHARACTERS else f"{text[: SHOWN_CHARACTERS - 1]}…")
                for text in texts
            )
        )
    return table


def _csv(rows: pd.DataFrame, file: Path) -> None:
    rows.to_csv(file, index=False, encoding="utf-8", lineterminator="\n")


def _jsonl(rows: pd.DataFrame, file: Path) -> None:
    records = rows.astype(object).where(rows.notna(), None).to_dict("records")
    write_json_lines(file, records)


def _parquet(rows: pd.DataFrame, file: Path) -> None:
    from veritrain_lib.tracking import row_file

    row_file.write(rows, file)
