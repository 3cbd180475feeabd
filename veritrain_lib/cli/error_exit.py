"""How an error ends the process: one line for a person, the right exit code, never a traceback unasked, no secret."""

from __future__ import annotations

import contextlib
import io
import os
import shlex
import traceback
from collections.abc import Sequence

import click

from veritrain_lib.cli.output import OutputLost, print_json, writing
from veritrain_lib.core.errors import UserError
from veritrain_lib.core.machine_fault import machine_fault
from veritrain_lib.redaction import redact

DEBUG = "VERITRAIN_DEBUG"
"""Environment variable: set to 1, an unexpected error shows its traceback."""

USAGE, UNEXPECTED, INTERRUPTED = 2, 3, 130


def explain(error: Exception, arguments: Sequence[str]) -> int:
    """Say on standard error what went wrong and give the exit code.

    With `--json` among the arguments standard output gets one document with the key `error`.
    """
    if isinstance(error, click.exceptions.Abort):
        again = shlex.join(["veritrain", *arguments])
        message, code = f"Interrupted. What was finished is kept; go on with: {again}", INTERRUPTED
        click.echo(message, err=True)
    elif isinstance(error, click.ClickException):
        message, code = redact(error.format_message()), error.exit_code
        said = io.StringIO()
        error.show(said)
        click.echo(redact(said.getvalue()).rstrip("\n"), err=True)
    elif isinstance(error, UserError):
        message, code = redact(str(error)), error.exit_code
        click.echo(f"veritrain: {message}", err=True)
    else:
        message, code = redact(_in_words(error)), UNEXPECTED
        if os.environ.get(DEBUG, "") not in ("", "0"):
            click.echo(redact("".join(traceback.format_exception(error))).rstrip(), err=True)
            click.echo(f"veritrain: {message}", err=True)
        elif not message.startswith("unexpected "):
            click.echo(f"veritrain: {message}", err=True)
        else:
            click.echo(f"veritrain: {message} (for the traceback: {DEBUG}=1)", err=True)
    if "--json" in arguments and not isinstance(error, OutputLost):
        with contextlib.suppress(OutputLost), writing():
            print_json({"error": {"kind": type(error).__name__, "message": message, "exit_code": code}})
    return code


def _in_words(error: Exception) -> str:
    """What the machine lacks, or that it is a defect of ours."""
    if isinstance(error, OutputLost):
        return str(error)
    fault = machine_fault(error)
    if fault is not None:
        return fault
    lines = str(error).strip().splitlines()
    return f"unexpected {type(error).__name__}: {lines[0] if lines else 'no message'}"
