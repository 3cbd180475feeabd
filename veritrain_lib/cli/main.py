"""Entry point of the command line `veritrain`, which has one command for each stage and some more.

Exit codes: 0 ok, 1 refused by a gate or a rule, 2 wrong usage, 3 something outside the task failed, 4 waiting for
people, 130 interrupted. No large library is imported before a command does its work.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import click

from veritrain_lib import __version__
from veritrain_lib.cli.error_exit import explain
from veritrain_lib.cli.output import checked_output
from veritrain_lib.core.stage_list import NAMES
from veritrain_lib.redaction import redact_logs

COMMANDS = {
    "loop": "loop:loop",
    **dict.fromkeys(NAMES, "stage:StageCommand"),
    "review": "review:review",
    "rows": "rows:rows",
    "drop-batch": "drop_batch:drop_batch",
    "predict": "predict:predict",
    "status": "status:status",
    "sweep": "sweep:sweep",
    "compare": "compare:compare",
    "new-task": "new_task:new_task",
    "check": "check:check",
    "approve": "approve:approve",
    "doctor": "doctor:doctor",
    "serve": "serve:serve",
    "worker": "worker:worker",
    "flower": "flower:flower",
    "migrate": "serve:migrate",
    "users": "users:users",
}
"""Place of each command in `cli`, by the command's name: `module:function`, or `module:class` for a stage."""


class VeritrainGroup(click.Group):
    """Group of all `veritrain` commands, which imports a command when it is needed and turns errors into exit codes."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands in the order in which the help lists them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command with this name, imported now; None if there is none."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        attribute = getattr(import_module(f"veritrain_lib.cli.{module}"), name)
        command: click.Command = attribute(cmd_name) if cmd_name in NAMES else attribute
        return command

    def main(self, args: Sequence[str] | None = None, prog_name: str | None = None, complete_var: str | None = None,
             standalone_mode: bool = True, **extra: Any) -> Any:  # fmt: skip
        """Run the command that the arguments name, report any error, and exit with the right code.

        The parameters are those of `click.Group.main`; without `standalone_mode` errors are raised and nothing exits.
        """
        arguments = list(sys.argv[1:] if args is None else args)
        redact_logs()
        # jsonschema loads this grammar for 3 to 5 s when it is there, for a format that nothing here checks.
        sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
        if not standalone_mode:
            return super().main(arguments, prog_name, complete_var, standalone_mode=False, **extra)
        try:
            code = super().main(
                arguments, prog_name or "veritrain", complete_var, standalone_mode=False, **extra
            )
            with checked_output():
                pass  # help and other texts that click prints
        except Exception as error:  # noqa: BLE001  # the one place where every error becomes a line and an exit code
            code = explain(error, arguments)
        sys.exit(code if isinstance(code, int) else 0)


@click.group(
    "veritrain",
    cls=VeritrainGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="veritrain")
def cli() -> None:
    """Improve a model in a closed, verified loop: probe, generate, gate, train, evaluate, report.

    Start with: veritrain loop

    Exit codes: 0 ok, 1 refused by a gate or a rule, 2 wrong usage, 3 something outside the task failed,
    4 waiting for people, 130 interrupted.
    """


def main() -> None:
    """Run the command line `veritrain` with the arguments of this process."""
    cli.main()


if __name__ == "__main__":
    main()
