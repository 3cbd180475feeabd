"""Command `veritrain review`: people review a sample of the rows that a quality gate accepted or rejected, as a CSV."""

from __future__ import annotations

from pathlib import Path

import click

from veritrain_lib.cli.output import TASK_HELP, CommandResult, ResultCommand, task_argument


@click.command(cls=ResultCommand, short_help="Review a sample of the gate's rows by a CSV.", help=(
    "Review a sample of the gate's rows: write it to a CSV, fill in the columns decision (accept or reject) and "
    "comment, and store it beside the verdict:\n\n"
    "  veritrain review                                       writes the sample and says where\n\n"
    "  veritrain review --from FILE --reviewer NAME           stores what you filled in\n\n"
    "The notebook 03_gate shows the same sample with buttons. " + TASK_HELP
))  # fmt: skip
@task_argument
@click.option(
    "--run", metavar="ID", default="", help="Run of the gate, or how its id begins; default: the newest."
)
@click.option("--rows", metavar="NUMBER", type=click.IntRange(1, 100_000), default=None,
              help="Accepted rows in the sample (default 50); a fifth as many quarantined ones are added.")  # fmt: skip
@click.option("--from", "answers", metavar="FILE", default="", help="A filled-in sample to store.")
@click.option("--reviewer", metavar="NAME", default="", help="Who filled it in.")
def review(task: str, run: str, rows: int | None, answers: str, reviewer: str) -> CommandResult:
    """Run `veritrain review`: write a sample of the quality gate's rows to a CSV file, or store decisions on it.

    Args:
        task: Path or name of the task; empty for the one used last.
        run: Id of the gate's run or the beginning of it; empty for the newest.
        rows: Number of accepted rows in the sample; None for the default.
        answers: File with people's decisions to store; empty to write the sample.
        reviewer: Name of the person who made the decisions; required with `answers`.

    Returns:
        What the command prints, and its exit code.

    Raises:
        UserError: There is no such task or gate run, or the decisions can't be used.
        click.UsageError: Only one of `answers` and `reviewer` is given, or the file does not exist.
    """
    from veritrain_lib.quality.review_sample import ROWS
    from veritrain_lib.stages.inputs.tasks import find_task
    from veritrain_lib.stages.record import review as review_storage

    if bool(answers) != bool(reviewer):
        raise click.UsageError("--from and --reviewer go together: whose decisions are they?")
    if answers and not Path(answers).is_file():
        raise click.UsageError(f"there is no file {answers}")
    loaded_task = find_task(task)
    gate = review_storage.gate_run(loaded_task, run)
    if answers:
        decisions = review_storage.read_filled_in(Path(answers))
        # The sample is drawn again; the file gives its number of rows.
        row_count = rows or (
            int((decisions["part"] == "accepted").sum()) if "part" in decisions.columns else ROWS
        )
        sample = review_storage.sheet(loaded_task, gate, rows=max(row_count, 1))
        summary = review_storage.store(sample, decisions, reviewer, Path(answers).name)
        document = {"task": loaded_task.name, "run": sample.run_id, **summary.as_dict()}
        return CommandResult(document, [str(summary), f"stored beside the verdict of run {sample.run_id}"])
    sample = review_storage.sheet(loaded_task, gate, rows=rows or ROWS)
    file = sample.file if sample.file.exists() else sample.write(sample.rows)
    command = f"veritrain review {task} --run {sample.run_id[:8]} --from {file} --reviewer NAME"
    document = {"task": loaded_task.name, "run": sample.run_id, "file": str(file), "rows": len(sample.rows)}
    return CommandResult(
        document, [f"{len(sample.rows)} rows to review: {file}", f"then: {' '.join(command.split())}"]
    )
