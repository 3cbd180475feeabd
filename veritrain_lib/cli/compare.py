"""Command `veritrain compare`: compares models on development rows, which are not those of the held-out test set."""

from __future__ import annotations

from collections.abc import Hashable
from typing import TYPE_CHECKING, Any

import click

from veritrain_lib.cli.output import TASK_HELP, CommandResult, ResultCommand, task_argument

if TYPE_CHECKING:
    import pandas as pd
    from rich.table import Table

TABLES = ("models", "pairs", "slices")

TITLES = {"models": "Models", "pairs": "Pairs", "slices": "Slices"}


@click.command(cls=ResultCommand, short_help="Put models side by side on development rows.", help=(
    "Put models side by side on development rows; the held-out test set is not used.\n\n"
    "MODELS are URIs such as models:/support/1; without any, every registered version. " + TASK_HELP
))  # fmt: skip
@task_argument
@click.argument("models", nargs=-1)
def compare(task: str, models: tuple[str, ...]) -> CommandResult:
    """Run `veritrain compare`: measure models side by side on a task's development rows (not on its test set).

    Args:
        task: Path or name of the task; empty for the one used last.
        models: URIs of the models; empty for every registered version.

    Returns:
        What the command prints, and its exit code.
    """
    from veritrain_lib.ui.compare import compare as compare_models

    compared = compare_models(task, ",".join(models))
    frames: dict[str, pd.DataFrame] = {name: getattr(compared, name) for name in TABLES}
    document = {
        "task": compared.task, "metric": compared.metric, "n": compared.n, "notes": list(compared.notes),
        **{name: frame.to_dict("records") for name, frame in frames.items()},
    }  # fmt: skip
    tables = [
        table_of_frame(f"{TITLES[name]} ({compared.task}, {compared.n} development rows)", frame)
        for name, frame in frames.items()
        if len(frame)
    ]
    return CommandResult(document, [*tables, *compared.notes])


def table_of_frame(title: str, frame: pd.DataFrame) -> Table:
    """Return a table for the terminal from a data frame, with each interval (`_low`, `_high`) beside its value."""
    from rich.box import SIMPLE_HEAD
    from rich.markup import escape
    from rich.table import Table

    # An interval is shown beside its value, not in two more columns.
    shown = [
        name for name in map(str, frame.columns) if name != "address" and not name.endswith(("_low", "_high"))
    ]
    table = Table(
        *(escape(name.replace("_", " ")) for name in shown),
        title=title,
        title_justify="left",
        box=SIMPLE_HEAD,
    )
    for column in table.columns:
        column.overflow = "fold"  # a text without spaces would be cut as one long word
    for row in frame.to_dict("records"):
        table.add_row(*(escape(_text(row[name]) + _interval(row, name)) for name in shown))
    return table


def _text(value: Any) -> str:
    if value is None or value != value:
        return ""
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def _interval(row: dict[Hashable, Any], name: str) -> str:
    low, high = row.get(f"{name}_low"), row.get(f"{name}_high")
    return f" ({_text(low)} to {_text(high)})" if _text(low) and _text(high) else ""
