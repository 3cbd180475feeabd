"""What a command gives back: one JSON document or text on standard output, and an exit code."""

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
"""Columns of a table that is not shown on a terminal."""


@dataclass(frozen=True)
class Answer:
    """`document` is printed with `--json` (a list as JSON Lines, one document a row), `show` without it.

    `exit_code` is 0 when all went well; what else there is stands in `errors`.
    """

    document: Mapping[str, Any] | Sequence[Mapping[str, Any]]
    show: Sequence[RenderableType]
    exit_code: int = 0


class AnsweringCommand(click.Command):
    """A command whose function returns an `Answer`. It gets the option `--json`.

    Whatever a library prints meanwhile goes to standard error, so that standard output is the answer alone.
    """

    def __init__(self, *positional: Any, **named: Any) -> None:
        super().__init__(*positional, **named)
        self.params.append(
            click.Option(
                ["--json", "as_json"], is_flag=True, help="Print one JSON document on standard output."
            )
        )

    def invoke(self, ctx: click.Context) -> Any:
        """Do the work, print the answer and end with its exit code."""
        as_json = bool(ctx.params.pop("as_json", False))
        with contextlib.redirect_stdout(sys.stderr):
            answer: Answer = super().invoke(ctx)
        with writing():
            if as_json:
                print_json(answer.document)
            else:
                _print(answer.show)
        ctx.exit(answer.exit_code)


class OutputLost(Exception):
    """Standard output could not be written, so that nobody got the answer."""


@contextlib.contextmanager
def writing() -> Iterator[None]:
    """Write to standard output, to the last byte.

    A reader that has gone (`| head`) wanted no more: that is no error. After any other one (a full disk, say)
    standard output leads nowhere, so that the interpreter's own end says nothing more, and OutputLost is raised.
    """
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        _give_up_output()
    except OSError as error:
        _give_up_output()
        why = machine_fault(error) or str(error)
        raise OutputLost(f"the answer can't be written to standard output: {why}") from error


def _give_up_output() -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    with contextlib.suppress(OSError, ValueError):
        os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)


def print_json(document: Mapping[str, Any] | Sequence[Mapping[str, Any]]) -> None:
    """One document indented, or a list as JSON Lines; numbers that JSON lacks (NaN, infinity) become null."""
    if isinstance(document, Mapping):
        click.echo(json.dumps(plain(redact_value(document)), ensure_ascii=False, indent=1, allow_nan=False))
    else:
        for row in document:
            click.echo(json.dumps(plain(redact_value(row)), ensure_ascii=False, allow_nan=False))


def plain(value: Any) -> Any:
    """A value as JSON can hold it: numbers of numpy as Python's, NaN and infinity as None, the rest as text."""
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return float(value) if value - value == 0 else None
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    return str(value)


def _print(parts: Sequence[RenderableType]) -> None:
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
    """The argument `[TASK]` that most commands have."""
    return click.argument("task", default="", metavar="[TASK]")(function)


TASK_HELP = "TASK is the path of a task file or the name of a task; without it the one worked on last, else the built-in example."
