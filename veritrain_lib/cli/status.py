"""Command `veritrain status`: shows the state of a task on one screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from veritrain_lib.cli.output import TASK_HELP, CommandResult, ResultCommand, task_argument

if TYPE_CHECKING:
    from rich.console import RenderableType

MAX_DATASETS_SHOWN = 10
"""Number of datasets, the newest ones, that are shown; --json has all of them."""

MAX_MISSING_SHOWN = 5
"""Number of missing results that are listed; --json has all of them."""


@click.command(cls=ResultCommand, short_help="Show where a task stands and what to do next.", help=(
    "Show champion, datasets, the last loop, looks at the held-out test set, what runs, what waits, and the next step.\n\n" + TASK_HELP
))  # fmt: skip
@task_argument
def status(task: str) -> CommandResult:
    """Run `veritrain status`: show the state of a task, and the next step, on one screen.

    Args:
        task: Path or name of the task; empty for the one used last.

    Returns:
        What the command prints, and its exit code.
    """
    from veritrain_lib.cli.task_status import task_status
    from veritrain_lib.stages.inputs.tasks import find_task

    state = task_status(find_task(task))
    return CommandResult(state, _show(state))


def _show(state: dict[str, Any]) -> list[RenderableType]:
    lines: list[RenderableType] = [f"Task {state['task']} ({state['task_file']})"]
    for role in ("champion", "challenger"):
        lines.append(f"{role.capitalize():<12}{_model(state[role])}")
    looks = state["looks"]
    lines.append(f"{'Looks':<12}{looks['used']} of {looks['declared']} at the held-out test set")
    lines.append(f"{'Waiting':<12}{state['waiting']['rows']} row(s) for people's answers")
    lines.append(f"{'Running':<12}{', '.join(run['name'] for run in state['running']) or 'nothing'}")
    if state["gone"]:
        lines.append(f"{'Missing':<12}{_join_missing(state['gone'])}")
    lines += [*_datasets(state["datasets"]), *_loop(state["loop"]), f"Next: {state['next']}"]
    return lines


def _join_missing(missing: list[str]) -> str:
    return "; ".join(
        [
            *missing[:MAX_MISSING_SHOWN],
            *([f"and {len(missing) - MAX_MISSING_SHOWN} more"] if len(missing) > MAX_MISSING_SHOWN else []),
        ]
    )


def _model(model: dict[str, Any] | None) -> str:
    if model is None:
        return "none yet"
    value_text = "" if model["value"] is None else f", development {model['metric']} {model['value']:.3f}"
    if value_text and model["low"] is not None:
        value_text += f" ({model['low']:.3f} to {model['high']:.3f})"
    return f"{model['uri']}, trained on {model['dataset'] or 'unknown data'}{value_text}"


def _datasets(rows: list[dict[str, Any]]) -> list[RenderableType]:
    if not rows:
        return ["Datasets    none yet"]
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(
        "dataset",
        "status",
        "rows",
        "parent",
        title=f"Datasets ({len(rows)})",
        title_justify="left",
        box=SIMPLE_HEAD,
    )
    for row in rows[-MAX_DATASETS_SHOWN:]:
        table.add_row(row["dataset"], row["status"], str(row["rows"]), row["parent"] or "")
    return [table]


def _loop(loop: dict[str, Any] | None) -> list[RenderableType]:
    if loop is None:
        return ["Last loop   none yet"]
    from rich.box import SIMPLE_HEAD
    from rich.markup import escape
    from rich.table import Table

    table = Table(
        "round",
        "status",
        "rows",
        "value",
        "verdict",
        "headline",
        title="Last loop",
        title_justify="left",
        box=SIMPLE_HEAD,
    )
    for row in loop["rounds"]:
        value = "" if row["value"] is None else f"{row['value']:.3f}"
        cells = [
            str(row["round"]),
            row["status"].lower(),
            "" if row["rows"] is None else str(row["rows"]),
            value,
            row["verdict"] or "",
            row["headline"],
        ]
        table.add_row(*(escape(cell) for cell in cells))
    return [
        table,
        loop["headline"] or f"{loop['status'].lower()}{': ' + loop['reason'] if loop['reason'] else ''}",
    ]
