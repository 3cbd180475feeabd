"""`veritrain check`: whether a task can be worked on, before anything is measured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from veritrain_lib.cli.output import Answer, AnsweringCommand

if TYPE_CHECKING:
    from veritrain_lib.task_check.check import Checked

WRONG = 2
"""Exit code for mistakes in the user's files."""


@click.command(cls=AnsweringCommand, short_help="Check a task file and all that it names, and measure nothing.", help=(
    "Check a task file and all that it names: keys and values, data files and their rows, trainer, teacher, metrics, "
    "suite and output contract, and whether they fit one another.\n\n"
    "All mistakes are told at once, each with its line and what stands there; then the exit code is 2. Every command "
    "that measures does the same before it begins. TASK is the path of a task file or of its folder, or the name of a task."
))  # fmt: skip
@click.argument("task", default="", metavar="[TASK]")
def check(task: str) -> Answer:
    """Check a task."""
    from veritrain_lib.stage_io import split_overlap
    from veritrain_lib.stage_io.tasks import task_file_of
    from veritrain_lib.task_check.check import check_task

    checked = check_task(task_file_of(task))
    notes: list[str] = []
    if not checked.mistakes and checked.reading.task is not None:
        # Only files that can be read can be compared.
        split_overlap.refuse_shared(checked.reading.task)
        notes = split_overlap.told(checked.reading.task)
    return Answer(
        {**_document(checked), "notes": notes},
        [_told(checked), *notes],
        WRONG if checked.mistakes else 0,
    )


def _document(checked: Checked) -> dict[str, Any]:
    reading = checked.reading
    return {
        "task": reading.task.name if reading.task else None,
        "task_file": str(reading.file),
        "ok": not checked.mistakes,
        "mistakes": [
            {
                "line": one.line,
                "key": one.where,
                "mistake": one.text,
                "text": reading.document.line_text(one.line),
            }
            for one in checked.mistakes
        ],
    }


def _told(checked: Checked) -> str:
    task = checked.reading.task
    if checked.mistakes or task is None:
        return checked.message
    answers = f"{len(task.labels)} labels" if task.labels else "free text"
    return (
        f"{checked.reading.file.name} is good: task {task.name}, answers {answers}, trainer {task.trainer.name}, "
        f"teacher {task.teacher.name}, suite {task.gate}, first metric {task.primary.name}"
    )
