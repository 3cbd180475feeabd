"""Command `veritrain new-task`: writes a task file with comments, and its data files, from the user's own rows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from veritrain_lib.cli.output import CommandResult, ResultCommand

if TYPE_CHECKING:
    from veritrain_lib.new_task.make import NewTask


@click.command(cls=ResultCommand, short_help="Write a task from your own file of rows.", help=(
    "Write a task from your own file of rows: a commented task.yaml and the rows, split into seed, development, test "
    "and (from 100 rows) pool. CSV, TSV, JSON Lines, JSON, Excel, Parquet and exports of Label Studio, doccano and "
    "Argilla are read (docs/files.md).\n\n"
    "Options that are not given are guessed, and the guesses are explained. Rows without an answer go to the pool and wait for people. "
    "Nothing is overwritten."
))  # fmt: skip
@click.option(
    "--from", "source", required=True, type=click.Path(path_type=Path), help="The file with your rows."
)
@click.option("--name", default="", help="Name of the task (default: after the file).")
@click.option(
    "--into", type=click.Path(path_type=Path), help="Folder to write (default: the task's name, here)."
)
@click.option(
    "--input",
    "inputs",
    multiple=True,
    metavar="COLUMN",
    help="Input column; may be repeated (default: guessed). COLUMN.KEY is a field of the JSON objects in it.",
)
@click.option("--target", default="", metavar="COLUMN", help="Column with the answers (default: guessed).")
@click.option(
    "--text", is_flag=True, help="The answers are texts, such as translations or replies, and no labels."
)
@click.option(
    "--header/--no-header",
    "header",
    default=None,
    help="Whether the first row names the columns (default: yes, and asked where that is in doubt).",
)
@click.option(
    "--skip-broken", is_flag=True, help="Leave out rows that can't be read, instead of refusing the file."
)
@click.option("--annotator", default="", metavar="NAME", help="Take only the answers of this person.")
@click.option(
    "--merge-case",
    is_flag=True,
    help="Labels that differ only by case are one (default: refused, and named).",
)
@click.option(
    "--seed", default=0, type=click.IntRange(0, 2**31 - 1), show_default=True, help="Seed of the split."
)
@click.option("--leave-out-rare", is_flag=True, help="Leave out labels with too few rows to be split.")
def new_task(source: Path, name: str, into: Path | None, seed: int, **options: Any) -> CommandResult:
    """Run `veritrain new-task`: write a task folder from the user's own file of rows.

    Args:
        source: File with the rows.
        name: Name of the task; empty to derive it from the file's name.
        into: Folder to write; None for the task's name in the working directory.
        seed: Seed of the split into data files.
        options: Fields of `SourceOptions`, which say how the file is read.

    Returns:
        What the command prints, and its exit code.
    """
    from veritrain_lib.new_task.make import SourceOptions, make_task

    created = make_task(source, name=name, into=into, options=SourceOptions(**options), seed=seed)
    task = created.task
    document = {
        "task": task.name, "task_file": str(task.path), "inputs": list(task.inputs), "target": task.target.field, "labels": task.labels,
        "rows": created.counts, "left_out": created.left_out, "guesses": created.guesses,
    }  # fmt: skip
    return CommandResult(document, show(created))


MAX_USEFUL_GAIN = 0.2
"""Gain (share of rows) that hardly any round exceeds; a test set that can prove only larger gains is too small."""


def show(created: NewTask) -> list[str]:
    """Return the lines that tell the user what was written for a new task, and what to do next."""
    from veritrain_lib.new_task.make import LEFT_OUT

    task = created.task
    rows = ", ".join(f"{count} {kind}" for kind, count in created.counts.items())
    lines = [
        f"Wrote {task.path}",
        *(f"- {guess}" for guess in created.guesses),
        f"- {f'{len(task.labels)} labels' if task.labels else 'answers are texts'}; rows: {rows}",
    ]
    if created.left_out:
        reasons = ", ".join(
            f"{count} {reason.replace('_', ' ')}" for reason, count in created.left_out.items()
        )
        lines.append(f"- left out: {reasons} (see {LEFT_OUT})")
    if task.labels:
        lines.append(f"- {_power_text(created)}")
    if task.teacher.name == "augment":
        lines.append(
            "- too few rows to choose from a pool: the teacher varies the seed rows; real traffic in data.pool would teach more"
        )
    return [*lines, "Read the file, then:", f"  veritrain loop {task.path}"]


def _power_text(created: NewTask) -> str:
    from veritrain_lib.statistics.detectable import detectable_gain

    promotion = created.task.promotion
    counts = created.counts
    # Assume that one answer in five differs between the models: common for a first challenger, and only a rough guide.
    gain = detectable_gain(counts["development"], counts["test"], 0.2, promotion.alpha / promotion.max_looks)
    if gain is None or gain > MAX_USEFUL_GAIN:
        return f"the test set of {counts['test']} rows is too small to prove a usual gain; bring more rows"
    return f"a test set of {counts['test']} rows proves gains from about {100 * gain:.0f} points"
