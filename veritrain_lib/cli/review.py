"""`veritrain review`: people look at a sample of what the gate let through, in a CSV."""

from __future__ import annotations

from pathlib import Path

import click

from veritrain_lib.cli.output import TASK_HELP, Answer, AnsweringCommand, task_argument


@click.command(cls=AnsweringCommand, short_help="Review a sample of the gate's rows by a CSV.", help=(
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
def review(task: str, run: str, rows: int | None, answers: str, reviewer: str) -> Answer:
    """Write a sample, or store what people said of it."""
    from veritrain_lib.quality.review_sample import ROWS
    from veritrain_lib.stage_io import review as recorded
    from veritrain_lib.stage_io.tasks import find_task

    if bool(answers) != bool(reviewer):
        raise click.UsageError("--from and --reviewer go together: whose decisions are they?")
    if answers and not Path(answers).is_file():
        raise click.UsageError(f"there is no file {answers}")
    found = find_task(task)
    gate = recorded.gate_run(found, run)
    if answers:
        table = recorded.read_filled_in(Path(answers))
        # A sample is drawn again for its number of rows, which the file itself tells.
        count = rows or (int((table["part"] == "accepted").sum()) if "part" in table.columns else ROWS)
        sheet = recorded.sheet(found, gate, rows=max(count, 1))
        said = recorded.store(sheet, table, reviewer, Path(answers).name)
        document = {"task": found.name, "run": sheet.run_id, **said.as_dict()}
        return Answer(document, [str(said), f"stored beside the verdict of run {sheet.run_id}"])
    sheet = recorded.sheet(found, gate, rows=rows or ROWS)
    file = sheet.file if sheet.file.exists() else sheet.write(sheet.rows)
    command = f"veritrain review {task} --run {sheet.run_id[:8]} --from {file} --reviewer NAME"
    document = {"task": found.name, "run": sheet.run_id, "file": str(file), "rows": len(sheet.rows)}
    return Answer(
        document, [f"{len(sheet.rows)} rows to review: {file}", f"then: {' '.join(command.split())}"]
    )
