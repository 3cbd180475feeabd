"""`veritrain loop`: the whole closed loop, with live progress."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from veritrain_lib.commands.answer import TASK_HELP, Answer, AnsweringCommand, task_argument

if TYPE_CHECKING:
    from veritrain_lib.loop import LoopResult
    from veritrain_lib.task import Task


@click.command(cls=AnsweringCommand, short_help="Run the closed loop, or go on where it stopped.", help=(
    "Run the closed loop, round after round, until the target is met or the budget is spent.\n\n"
    "Interrupted or killed, the same command goes on and redoes only what is unfinished. " + TASK_HELP
))  # fmt: skip
@task_argument
def loop(task: str) -> Answer:
    """Run the loop of a task."""
    from veritrain_lib.commands.watch import Watch
    from veritrain_lib.recorded.tasks import find_task

    with Watch() as watch:
        from veritrain_lib.loop import run_loop

        found = find_task(task)
        result = run_loop(found, on_event=watch.event)
    return _answer(found, result)


def _answer(task: Task, result: LoopResult) -> Answer:
    from veritrain_lib.commands.places import places

    where = (
        places(result.report_run, {"report": "report/report.html", "pdf": "report/report.pdf"})
        if result.report_run
        else {}
    )
    show = [*(["Nothing is left to do."] if result.again else []), result.headline]
    show += [f"{name}: {place}" for name, place in where.items()]
    if result.stopped == "waiting":
        from veritrain_lib.recorded.labelling import label_file

        where["labels"] = str(label_file(task))
        show.append(
            f"Answer the rows in {where['labels']} or in notebooks/label.ipynb, then run the same command again."
        )
    elif result.stopped == "blocked":
        show.append(
            "See the quarantine in the gate's run; mend the data or the suite, then run the same command again."
        )
    else:
        show.append(f"All runs: make ui, experiment {task.name!r}, run {result.run_id}")
        if result.again:
            show.append("Another budget, goal, or other data in the task file makes a new loop.")
    return Answer({**asdict(result), "exit_code": result.exit_code, "where": where}, show, result.exit_code)
