"""Output of the commands: one JSON document or text on standard output, and an exit code."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from veritrain_lib.core.machine_fault import machine_fault
from veritrain_lib.redaction import redact, redact_value

if TYPE_CHECKING:
    from rich.console import RenderableType

PIPE_WIDTH = 160
"""Width in characters of a table that is not printed to a terminal."""


@dataclass(frozen=True)
class CommandResult:
    """Result of a `veritrain` command: JSON document, lines for people, and exit code.

    Attributes:
        document: Data that `--json` prints; a list is printed as JSON Lines, one document for each entry.
        show: Lines and tables that are printed without `--json`.
        exit_code: 0 if all went well; the other codes are in `core.errors`.
    """

    document: Mapping[str, Any] | Sequence[Mapping[str, Any]]
    show: Sequence[RenderableType]
    exit_code: int = 0


class ResultCommand(click.Command):
    """Click command whose function returns a `CommandResult`; it has the option `--json`.

    Everything that libraries print during the command goes to standard error, so that standard output holds only the
    result.
    """

    def __init__(self, *positional: Any, **named: Any) -> None:
        super().__init__(*positional, **named)
        self.params.append(
            click.Option(
                ["--json", "as_json"], is_flag=True, help="Print one JSON document on standard output."
            )
        )

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command's function, print its result and exit with its exit code.

        Raises:
            OutputError: The result could not be written to standard output.
        """
        as_json = bool(ctx.params.pop("as_json", False))
        with contextlib.redirect_stdout(sys.stderr):
            result: CommandResult = super().invoke(ctx)
        with checked_output():
            if as_json:
                print_json(result.document)
            else:
                _print_text(result.show)
        ctx.exit(result.exit_code)


class OutputError(Exception):
    """Error: a command's result could not be written to standard output, so it is lost."""


@contextlib.contextmanager
def checked_output() -> Iterator[None]:
    """Context manager that raises an error unless all that is printed in it reaches standard output.

    A reader that has closed the pipe (`| head`) is no error. After any other failure, such as a full disk, standard
    output is discarded, so that the interpreter reports nothing more at exit.

    Raises:
        OutputError: Standard output could not be written.
    """
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        _discard_output()
    except OSError as error:
        _discard_output()
        reason = machine_fault(error) or str(error)
        raise OutputError(f"the answer can't be written to standard output: {reason}") from error


def _discard_output() -> None:
    null_device = os.open(os.devnull, os.O_WRONLY)
    with contextlib.suppress(OSError, ValueError):
        os.dup2(null_device, sys.stdout.fileno())
    os.close(null_device)


def print_json(document: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> None:
    """Print a command's result: a mapping as one indented JSON document, a list as JSON Lines.

    Secrets are masked; NaN and infinity become null.
    """
    if isinstance(document, Mapping):
        click.echo(
            json.dumps(json_value(redact_value(document)), ensure_ascii=False, indent=1, allow_nan=False)
        )
    else:
        for row in document:
            click.echo(json.dumps(json_value(redact_value(row)), ensure_ascii=False, allow_nan=False))


def json_value(value: Any) -> Any:
    """Return a value in a form that JSON can hold.

    Numbers of numpy become Python's, NaN and infinity become None, and any other object becomes text.
    """
    if isinstance(value, Mapping):
        return {str(key): json_value(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [json_value(item) for item in value]
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return float(value) if value - value == 0 else None
    if hasattr(value, "tolist"):
        return json_value(value.tolist())
    return str(value)


def _print_text(parts: Sequence[RenderableType]) -> None:
    for part in parts:
        if isinstance(part, str):
            click.echo(redact(part))
            continue
        from rich.console import Console

        console = Console(file=sys.stdout, highlight=False)
        if not console.is_terminal:
            console = Console(file=sys.stdout, highlight=False, width=PIPE_WIDTH)
        console.print(part)


def task_argument(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the optional argument `[TASK]` (default: empty) to a click command, and return the command; a decorator."""
    return click.argument("task", default="", metavar="[TASK]")(function)


TASK_HELP = "TASK is the path of a task file or the name of a task; without it the one worked on last, else the built-in example."
"""Sentence in the help of commands that explains the argument TASK."""
