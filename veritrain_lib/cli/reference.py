"""Generator of docs/commands.md and docs/task.md, which `python -m veritrain_lib.cli.reference` writes."""

from __future__ import annotations

from pathlib import Path

import click

from veritrain_lib.cli.main import cli

WIDTH = 100
"""Width of the help texts in characters."""

HEAD = """\
# Commands

Generated from the help by `python -m veritrain_lib.cli.reference`; a test compares. Results go to
standard output, progress and errors to standard error. With `--json` standard output holds one JSON document
and nothing else, also after an error (key `error`).

| exit code | meaning |
| --- | --- |
| 0 | ok |
| 1 | refused by a gate, by a rule of Veri-Train, or because the cap on money is reached |
| 2 | wrong usage, or a mistake in the user's files |
| 3 | something outside the task failed (store, kernel, disk), or an unexpected error |
| 4 | waiting for people |
| 130 | interrupted; the same command goes on |

`VERITRAIN_DEBUG=1` shows the traceback of an unexpected error.
"""


def commands_page() -> str:
    """Return the text of docs/commands.md: the help of every command as a terminal of 100 columns shows it."""
    settings = {**cli.context_settings, "terminal_width": WIDTH, "max_content_width": WIDTH}
    root = click.Context(cli, info_name="veritrain", **settings)
    parts = [HEAD, f"## veritrain\n\n```\n{cli.get_help(root)}\n```\n"]
    for name in cli.list_commands(root):
        command = cli.get_command(root, name)
        assert command is not None  # the group lists only what it has
        parts += _sections(command, name, root)
    return "\n".join(parts)


def _sections(command: click.Command, name: str, parent: click.Context) -> list[str]:
    """Return the help of a command, and of its subcommands, as sections of docs/commands.md.

    Args:
        command: The command.
        name: Name of the command.
        parent: Click's context of the command's group.
    """
    context = click.Context(
        command, info_name=name, parent=parent, terminal_width=WIDTH, max_content_width=WIDTH
    )
    sections = [f"## {context.command_path}\n\n```\n{command.get_help(context)}\n```\n"]
    if isinstance(command, click.Group):
        for subname, subcommand in command.commands.items():
            sections += _sections(subcommand, subname, context)
    return sections


def main() -> None:
    """Write docs/commands.md and docs/task.md into this checkout."""
    from veritrain_lib.cli.task_reference import task_page

    docs = Path(__file__).resolve().parents[2] / "docs"
    (docs / "commands.md").write_text(commands_page(), encoding="utf-8")
    (docs / "task.md").write_text(task_page(), encoding="utf-8")


if __name__ == "__main__":
    main()
