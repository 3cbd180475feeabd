"""Command `veritrain loop`: runs the improvement loop of a task, round after round, with live progress."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from veritrain_lib.cli.output import TASK_HELP, CommandResult, ResultCommand, task_argument
from veritrain_lib.execution.runner_choice import RUNNERS

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task
    from veritrain_lib.loop.loop import LoopResult


@click.command(cls=ResultCommand, short_help="Run the closed loop, or go on where it stopped.", help=(
    "Run the closed loop, round after round, until the target is met or the budget is spent.\n\n"
    "Interrupted or killed, the same command goes on and redoes only what is unfinished. " + TASK_HELP
))  # fmt: skip
@task_argument
@click.option(
    "--runner",
    type=click.Choice(tuple(RUNNERS)),
    help="Run the stages here, or on the workers that `veritrain worker` started. [default: VERITRAIN_RUNNER, else local]",
)
def loop(task: str, runner: str | None) -> CommandResult:
    """Run `veritrain loop`: run the improvement loop of a task, round after round, with live progress.

    Args:
        task: Path or name of the task; empty for the one used last.
        runner: Name of the runner of notebooks, `local` or `celery`; None for the settings' choice.

    Returns:
        What the command prints, and its exit code.
    """
    from veritrain_lib.cli.progress import ProgressDisplay
    from veritrain_lib.core import temporary_folders
    from veritrain_lib.stages.inputs.split_overlap import refuse_overlap
    from veritrain_lib.stages.inputs.tasks import find_task

    temporary_folders.redirect_tempfile()
    with ProgressDisplay() as display:
        from veritrain_lib.execution.runner_choice import open_runner

        loaded_task = find_task(task, check=True)
        # Reported before anything is started; the loop itself checks again when it begins.
        refuse_overlap(loaded_task)
        stage_runner = open_runner(
            runner,
            ready=(
                f"veritrain_lib.quality.warm_up:load_languages_of={loaded_task.path}",
                f"veritrain_lib.stages.inputs.warm_up:read_files_of={loaded_task.path}",
            ),
        )
        from veritrain_lib.loop.loop import run_loop

        result = run_loop(loaded_task, runner=stage_runner, on_event=display.event)
    return _loop_result(loaded_task, result)


def _loop_result(task: Task, result: LoopResult) -> CommandResult:
    from veritrain_lib.cli.result_paths import result_locations
    from veritrain_lib.loop.stage_pages import runs_missing_pages

    missing_pages = runs_missing_pages(task)
    report = {"report": "report/report.html", "pdf": "report/report.pdf"}
    locations = result_locations(result.report_run, report) if result.report_run else {}
    if result.stopped == "waiting":
        from veritrain_lib.stages.generate.annotation import label_file

        locations["labels"] = str(label_file(task))
        advice = "Answer the waiting rows there or in notebooks/label.ipynb, then run the same command again."
    elif result.stopped == "screened":
        advice = "Then run the same command again."
    elif result.stopped == "blocked":
        locations |= _quarantine(task)
        advice = "Fix the data or the suite, then run the same command again."
    else:
        locations["runs"] = f"make ui, experiment {task.name}, run {result.run_id}"
        advice = (
            "Another budget, goal, or other data in the task file makes a new loop." if result.again else ""
        )
    progress_note = "Nothing has changed since." if result.exit_code else "Nothing is left to do."
    if missing_pages and not result.exit_code:
        progress_note = "All stages are done."
    show = [
        *([progress_note] if result.again else []),
        result.headline,
        result.note,
        *(f"{name}: {location}" for name, location in locations.items()),
        advice,
        *(f"missing: {line}; the same command makes it again" for line in missing_pages),
    ]
    return CommandResult(
        {**asdict(result), "exit_code": result.exit_code, "where": locations, "missing": missing_pages},
        [line for line in show if line],
        result.exit_code,
    )


def _quarantine(task: Task) -> dict[str, str]:
    from veritrain_lib.cli.result_paths import result_locations
    from veritrain_lib.tracking import runs

    gates = runs.search(task, "tags.`veritrain.stage` = 'gate' AND attributes.status = 'FINISHED'", limit=1)
    artifacts = {"quarantine": "gate/quarantine.csv", "data docs": "gate/data_docs.html"}
    return result_locations(gates[0].info.run_id, artifacts) if gates else {}
