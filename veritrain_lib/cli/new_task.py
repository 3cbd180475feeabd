"""`veritrain new-task`: a commented starter from the user's own rows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from veritrain_lib.cli.output import Answer, AnsweringCommand

if TYPE_CHECKING:
    from veritrain_lib.new_task.make import NewTask


@click.command(cls=AnsweringCommand, short_help="Write a task from your own file of rows.", help=(
    "Write a task from your own file of rows: a commented task.yaml and the rows, dealt into seed, development, test "
    "and (from 100 rows) pool. CSV, TSV, JSON Lines, JSON, Excel, Parquet and exports of Label Studio, doccano and "
    "Argilla are read (docs/files.md).\n\n"
    "What is not said is guessed and explained. Rows without an answer go to the pool and wait for people. "
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
@click.option("--leave-out-rare", is_flag=True, help="Leave out labels with too few rows to be dealt.")
def new_task(source: Path, name: str, into: Path | None, seed: int, **wanted: Any) -> Answer:
    """Write a task folder."""
    from veritrain_lib.new_task.make import Wanted, make_task

    made = make_task(source, name=name, into=into, wanted=Wanted(**wanted), seed=seed)
    task = made.task
    document = {
        "task": task.name, "task_file": str(task.path), "inputs": list(task.inputs), "target": task.target.field, "labels": task.labels,
        "rows": made.counts, "left_out": made.left_out, "guesses": made.guesses,
    }  # fmt: skip
    return Answer(document, show(made))


MOST_USEFUL_GAIN = 0.2
"""Hardly any round gains more; a test set that shows nothing smaller shows nothing."""


def show(made: NewTask) -> list[str]:
    """Return what is said of a new task, one line each."""
    from veritrain_lib.new_task.make import LEFT_OUT

    task = made.task
    rows = ", ".join(f"{count} {kind}" for kind, count in made.counts.items())
    lines = [
        f"Wrote {task.path}",
        *(f"- {guess}" for guess in made.guesses),
        f"- {f'{len(task.labels)} labels' if task.labels else 'answers are texts'}; rows: {rows}",
    ]
    if made.left_out:
        told = ", ".join(f"{count} {reason.replace('_', ' ')}" for reason, count in made.left_out.items())
        lines.append(f"- left out: {told} (see {LEFT_OUT})")
    if task.labels:
        lines.append(f"- {_power(made)}")
    if task.teacher.name == "augment":
        lines.append(
            "- too few rows to choose from a pool: the teacher varies the seed rows; real traffic in data.pool would teach more"
        )
    return [*lines, "Read the file, then:", f"  veritrain loop {task.path}"]


def _power(made: NewTask) -> str:
    from veritrain_lib.statistics.detectable import detectable_gain

    promotion = made.task.promotion
    counts = made.counts
    # One answer in five changes from model to model: common for a first challenger, and only a rough guide.
    gain = detectable_gain(counts["development"], counts["test"], 0.2, promotion.alpha / promotion.max_looks)
    if gain is None or gain > MOST_USEFUL_GAIN:
        return f"the test set of {counts['test']} rows is too small to prove a usual gain; bring more rows"
    return f"a test set of {counts['test']} rows proves gains from about {100 * gain:.0f} points"
