"""`veritrain loop`: the whole closed loop, with live progress."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from veritrain_lib.cli.output import TASK_HELP, Answer, AnsweringCommand, task_argument

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task
    from veritrain_lib.loop.loop import LoopResult


@click.command(cls=AnsweringCommand, short_help="Run the closed loop, or go on where it stopped.", help=(
    "Run the closed loop, round after round, until the target is met or the budget is spent.\n\n"
    "Interrupted or killed, the same command goes on and redoes only what is unfinished. " + TASK_HELP
))  # fmt: skip
@task_argument
def loop(task: str) -> Answer:
    """Run the loop of a task."""
    from veritrain_lib.cli.progress import Watch
    from veritrain_lib.core import temporary_folders
    from veritrain_lib.stage_io.split_overlap import refuse_shared
    from veritrain_lib.stage_io.tasks import find_task

    temporary_folders.use()
    with Watch() as watch:
        from veritrain_lib.execution import LocalRunner, warm_up
        from veritrain_lib.execution.jobs import asked_for_warm

        found = find_task(task, check=True)
        # Said before anything is started; the loop itself looks again when it begins.
        refuse_shared(found)
        runner = LocalRunner(warm=asked_for_warm(default=True))
        if runner.warm:
            warm_up(
                f"veritrain_lib.quality.warm_up:load_languages_of={found.path}",
                f"veritrain_lib.stage_io.warm_up:read_files_of={found.path}",
            )
        from veritrain_lib.loop.loop import run_loop

        result = run_loop(found, runner=runner, on_event=watch.event)
    return _answer(found, result)


def _answer(task: Task, result: LoopResult) -> Answer:
    from veritrain_lib.cli.result_paths import places
    from veritrain_lib.loop.stage_pages import missing_of

    lacking = missing_of(task)
    report = {"report": "report/report.html", "pdf": "report/report.pdf"}
    where = places(result.report_run, report) if result.report_run else {}
    if result.stopped == "waiting":
        from veritrain_lib.stage_io.annotation import label_file

        where["labels"] = str(label_file(task))
        then = "Answer the waiting rows there or in notebooks/label.ipynb, then run the same command again."
    elif result.stopped == "screened":
        then = "Then run the same command again."
    elif result.stopped == "blocked":
        where |= _quarantine(task)
        then = "Mend the data or the suite, then run the same command again."
    else:
        where["runs"] = f"make ui, experiment {task.name}, run {result.run_id}"
        then = (
            "Another budget, goal, or other data in the task file makes a new loop." if result.again else ""
        )
    again = "Nothing has changed since." if result.exit_code else "Nothing is left to do."
    if lacking and not result.exit_code:
        again = "All stages are done."
    show = [
        *([again] if result.again else []),
        result.headline,
        result.note,
        *(f"{name}: {place}" for name, place in where.items()),
        then,
        *(f"missing: {line}; the same command makes it again" for line in lacking),
    ]
    return Answer(
        {**asdict(result), "exit_code": result.exit_code, "where": where, "missing": lacking},
        [line for line in show if line],
        result.exit_code,
    )


def _quarantine(task: Task) -> dict[str, str]:
    from veritrain_lib.cli.result_paths import places
    from veritrain_lib.tracking import runs

    gates = runs.search(task, "tags.`veritrain.stage` = 'gate' AND attributes.status = 'FINISHED'", limit=1)
    wanted = {"quarantine": "gate/quarantine.csv", "data docs": "gate/data_docs.html"}
    return places(gates[0].info.run_id, wanted) if gates else {}
