"""`veritrain compare`: models side by side on development rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from veritrain_lib.commands.answer import TASK_HELP, Answer, AnsweringCommand, task_argument

if TYPE_CHECKING:
    import pandas as pd
    from rich.table import Table

TABLES = ("models", "pairs", "slices")

TITLES = {"models": "Models", "pairs": "Pairs", "slices": "Slices"}


@click.command(cls=AnsweringCommand, short_help="Put models side by side on development rows.", help=(
    "Put models side by side on development rows; the sealed test set stays closed.\n\n"
    "MODELS are addresses such as models:/support/1; without any, the models of the last loop. " + TASK_HELP
))  # fmt: skip
@task_argument
@click.argument("models", nargs=-1)
def compare(task: str, models: tuple[str, ...]) -> Answer:
    """Compare models."""
    from veritrain_lib.compare import compare as compare_models
    from veritrain_lib.recorded.tasks import find_task

    compared: Any = compare_models(find_task(task), ",".join(models))
    frames: dict[str, pd.DataFrame] = {name: getattr(compared, name) for name in TABLES}
    document = {name: frame.to_dict("records") for name, frame in frames.items()}
    return Answer(document, [_table(TITLES[name], frame) for name, frame in frames.items() if len(frame)])


def _table(title: str, frame: pd.DataFrame) -> Table:
    from rich.markup import escape
    from rich.table import Table

    table = Table(*(escape(str(name)) for name in frame.columns), title=title, title_justify="left")
    for values in frame.itertuples(index=False):
        table.add_row(*(escape(_text(value)) for value in values))
    return table


def _text(value: Any) -> str:
    if value is None or value != value:
        return ""
    return f"{value:.3f}" if isinstance(value, float) else str(value)
