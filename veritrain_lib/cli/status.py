"""`veritrain status`: where a task stands, on one screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from veritrain_lib.cli.output import TASK_HELP, Answer, AnsweringCommand, task_argument

if TYPE_CHECKING:
    from rich.console import RenderableType

DATASETS_SHOWN = 10
"""The newest datasets that are shown; --json has all of them."""

GONE_SHOWN = 5
"""Things that are gone and named; --json has all of them."""


@click.command(cls=AnsweringCommand, short_help="Show where a task stands and what to do next.", help=(
    "Show champion, datasets, the last loop, looks at the sealed test set, what runs, what waits, and the next step.\n\n" + TASK_HELP
))  # fmt: skip
@task_argument
def status(task: str) -> Answer:
    """Where a task stands."""
    from veritrain_lib.cli.task_status import standing
    from veritrain_lib.stage_io.tasks import find_task

    found = standing(find_task(task))
    return Answer(found, _show(found))


def _show(found: dict[str, Any]) -> list[RenderableType]:
    lines: list[RenderableType] = [f"Task {found['task']} ({found['task_file']})"]
    for role in ("champion", "challenger"):
        lines.append(f"{role.capitalize():<12}{_model(found[role])}")
    looks = found["looks"]
    lines.append(f"{'Looks':<12}{looks['used']} of {looks['declared']} at the sealed test set")
    lines.append(f"{'Waiting':<12}{found['waiting']['rows']} row(s) for people's answers")
    lines.append(f"{'Running':<12}{', '.join(one['name'] for one in found['running']) or 'nothing'}")
    if found["gone"]:
        lines.append(f"{'Gone':<12}{_listed(found['gone'])}")
    lines += [*_datasets(found["datasets"]), *_loop(found["loop"]), f"Next: {found['next']}"]
    return lines


def _listed(lost: list[str]) -> str:
    return "; ".join(
        [*lost[:GONE_SHOWN], *([f"and {len(lost) - GONE_SHOWN} more"] if len(lost) > GONE_SHOWN else [])]
    )


def _model(model: dict[str, Any] | None) -> str:
    if model is None:
        return "none yet"
    measured = "" if model["value"] is None else f", development {model['metric']} {model['value']:.3f}"
    if measured and model["low"] is not None:
        measured += f" ({model['low']:.3f} to {model['high']:.3f})"
    return f"{model['uri']}, trained on {model['dataset'] or 'unknown data'}{measured}"


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
    for row in rows[-DATASETS_SHOWN:]:
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
    for one in loop["rounds"]:
        value = "" if one["value"] is None else f"{one['value']:.3f}"
        cells = [
            str(one["round"]),
            one["status"].lower(),
            "" if one["rows"] is None else str(one["rows"]),
            value,
            one["verdict"] or "",
            one["headline"],
        ]
        table.add_row(*(escape(cell) for cell in cells))
    return [
        table,
        loop["headline"] or f"{loop['status'].lower()}{': ' + loop['reason'] if loop['reason'] else ''}",
    ]
