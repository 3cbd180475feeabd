"""Command `veritrain check`: finds mistakes in a task file and in the files that it names, before any stage runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from veritrain_lib.cli.output import CommandResult, ResultCommand

if TYPE_CHECKING:
    from veritrain_lib.task_check.check import CheckedTask

MISTAKES_EXIT_CODE = 2
"""Exit code for mistakes in the user's files."""


@click.command(cls=ResultCommand, short_help="Check a task file and all that it names, and measure nothing.", help=(
    "Check a task file and all that it names: keys and values, data files and their rows, trainer, teacher, metrics, "
    "suite and output contract, and whether they fit one another.\n\n"
    "All mistakes are reported at once, each with its line and its text; then the exit code is 2. Every command "
    "that measures does the same before it begins. TASK is the path of a task file or of its folder, or the name of a task."
))  # fmt: skip
@click.argument("task", default="", metavar="[TASK]")
def check(task: str) -> CommandResult:
    """Run `veritrain check`: check a task file and all files that it names.

    Args:
        task: Path or name of the task; empty for the one used last.

    Returns:
        What the command prints, and its exit code.
    """
    from veritrain_lib.encoders.of_task import language_warnings
    from veritrain_lib.stages.inputs import split_overlap
    from veritrain_lib.stages.inputs.tasks import task_file_of
    from veritrain_lib.task_check.check import check_task

    outcome = check_task(task_file_of(task))
    notes: list[str] = []
    if not outcome.mistakes and outcome.reading.task is not None:
        # Files that can't be read can't be compared.
        split_overlap.refuse_overlap(outcome.reading.task)
        notes = split_overlap.overlap_warnings(outcome.reading.task) + language_warnings(outcome.reading.task)
    return CommandResult(
        {**_document(outcome), "notes": notes},
        [_summary(outcome), *notes],
        MISTAKES_EXIT_CODE if outcome.mistakes else 0,
    )


def _document(outcome: CheckedTask) -> dict[str, Any]:
    reading = outcome.reading
    return {
        "task": reading.task.name if reading.task else None,
        "task_file": str(reading.file),
        "ok": not outcome.mistakes,
        "mistakes": [
            {
                "line": mistake.line,
                "key": mistake.where,
                "mistake": mistake.text,
                "text": reading.document.line_text(mistake.line),
            }
            for mistake in outcome.mistakes
        ],
    }


def _summary(outcome: CheckedTask) -> str:
    task = outcome.reading.task
    if outcome.mistakes or task is None:
        return outcome.message
    answers = f"{len(task.labels)} labels" if task.labels else "free text"
    return (
        f"{outcome.reading.file.name} is valid: task {task.name}, answers {answers}, trainer {task.trainer.name}, "
        f"teacher {task.teacher.name}, suite {task.gate}, first metric {task.primary.name}"
    )
