"""Command `veritrain sweep`: tries several settings and seeds of a task, and compares them on development rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from veritrain_lib.cli.output import CommandResult, ResultCommand
from veritrain_lib.execution.runner_choice import RUNNERS

if TYPE_CHECKING:
    from rich.console import RenderableType

    from veritrain_lib.loop.sweep.result import SweepResult


@click.command(cls=ResultCommand, short_help="Try several settings and seeds, and compare them.", help=(
    "Try several settings and seeds of a task, and compare them on development rows.\n\n"
    "SWEEP is a sweep file (docs/sweep.md); without it the built-in example. The held-out test set is not used: the "
    "command that is printed at the end shows the best model to it. Interrupted or killed, the same command goes on."
))  # fmt: skip
@click.argument("sweep", default="", metavar="[SWEEP]")
@click.option(
    "--runner",
    type=click.Choice(list(RUNNERS)),
    help="Run the stages here, or on the workers that `veritrain worker` started.",
)
def sweep(sweep: str, runner: str | None) -> CommandResult:
    """Run `veritrain sweep`: try several settings and seeds of a task, and compare them on development rows.

    Args:
        sweep: Path of the sweep file; empty for the built-in example.
        runner: Name of the runner of the stage notebooks; None for the one that the settings choose.

    Returns:
        What the command prints, and its exit code.
    """
    from veritrain_lib.cli.sweep_display import SweepDisplay
    from veritrain_lib.core import temporary_folders

    temporary_folders.redirect_tempfile()
    from veritrain_lib.execution.runner_choice import open_runner
    from veritrain_lib.loop.sweep.cells import read_sweep
    from veritrain_lib.loop.sweep.run import example_sweep, run_sweep

    plan = read_sweep(sweep or example_sweep())
    with SweepDisplay(plan) as display:
        result = run_sweep(plan, runner=open_runner(runner), on_event=display.event)
    return _shown(result)


def _shown(result: SweepResult) -> CommandResult:
    from veritrain_lib.cli.compare import table_of_frame
    from veritrain_lib.cli.result_paths import result_locations

    locations = result_locations(result.run_id, {"picture": "sweep/arms.png", "tables": "sweep/arms.csv"})
    frames = {name: getattr(result, name) for name in ("cells", "arms", "pairs")}
    document: dict[str, Any] = {
        name: getattr(result, name)
        for name in ("name", "task", "run_id", "metric", "development_rows", "best", "model", "command",
                     "headline", "again")
    }  # fmt: skip
    document |= {"exit_code": result.exit_code, "where": locations}
    document |= {name: frame.to_dict("records") for name, frame in frames.items()}
    problems = result.cells[result.cells["state"] != "done"]
    lines: list[RenderableType] = [
        *(["Nothing is left to do."] if result.again else []),
        table_of_frame(f"Arms ({result.metric}, {result.development_rows} development rows)", result.arms),
        table_of_frame("Pairs (grades of rows, 0 to 1; second minus first)", result.pairs),
        *(f"cell {row['cell']} ({row['arm']}, seed {row['seed']}) is {row['state']}: {row['note']}"
          for row in problems.to_dict("records")),
        result.headline,
        *(f"{name}: {location}" for name, location in locations.items()),
        *([f"To promote it, which takes a look at the held-out test set: {result.command}"] if result.command else []),
    ]  # fmt: skip
    return CommandResult(document, lines, result.exit_code)
