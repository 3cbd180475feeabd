"""Command `veritrain drop-batch`: removes the rows of one round from the training data, or puts them back."""

from __future__ import annotations

from dataclasses import asdict

import click

from veritrain_lib.cli.output import TASK_HELP, CommandResult, ResultCommand, task_argument


@click.command("drop-batch", cls=ResultCommand, short_help="Take the rows of one round out of the training data.", help=(
    "Take the rows of one round out of the training data: BATCH is the name in the report's table of batches, such as "
    "support@5.\n\n"
    "The newest dataset is stored again without these rows, as a version of its own, and the next round (or "
    "veritrain train) starts from it. Nothing is deleted: --undo puts the rows back, as one more version. The rows are not "
    "chosen again. " + TASK_HELP
))  # fmt: skip
@click.argument("batch", metavar="BATCH")
@task_argument
@click.option("--undo", is_flag=True, help="Put the batch back that was taken out before.")
def drop_batch(batch: str, task: str, undo: bool) -> CommandResult:
    """Run `veritrain drop-batch`: remove the rows of one round from the training data, or put them back.

    Args:
        batch: Name of the batch of rows, such as `support@5`.
        task: Path or name of the task; empty for the one used last.
        undo: Whether to put the rows back.

    Returns:
        What the command prints, and its exit code.
    """
    from veritrain_lib.stages.inputs.tasks import find_task
    from veritrain_lib.stages.record import batches

    loaded_task = find_task(task)
    removal = batches.drop_batch(loaded_task, batch, undo=undo)
    verb = "put back" if removal.undone else "taken out"
    name = f"{task} " if task else ""
    return CommandResult(
        {"task": loaded_task.name, **asdict(removal)},
        [
            f"{removal.rows} rows of batch {removal.batch} {verb}: {removal.before} became {removal.after}.",
            f"The next round starts from it. To train now: veritrain train {name}--dataset {removal.after}",
            "A loop that has ended runs more rounds when budget.rounds in the task file is raised.",
        ],
    )
