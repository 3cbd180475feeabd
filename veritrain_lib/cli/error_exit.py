"""Message and exit code of the command line after an error.

An error prints one line for a person and determines the exit code. It shows no traceback unless asked for, and no
secret.
"""

from __future__ import annotations

import contextlib
import io
import os
import shlex
import traceback
from collections.abc import Sequence

import click

from veritrain_lib.cli.output import OutputError, checked_output, print_json
from veritrain_lib.core.errors import UserError
from veritrain_lib.core.machine_fault import machine_fault
from veritrain_lib.redaction import redact

DEBUG_VARIABLE = "VERITRAIN_DEBUG"
"""Environment variable that, set to 1, makes an unexpected error print its traceback."""

USAGE, UNEXPECTED, INTERRUPTED = 2, 3, 130
"""Exit codes for wrong usage, an unexpected error, and Ctrl-C."""


def explain(error: Exception, arguments: Sequence[str]) -> int:
    """Print an error for the user of the command line and return the exit code.

    With `--json` among the arguments, a JSON document with the key `error` is printed to standard output as well.

    Args:
        error: The error that ended the command.
        arguments: Arguments of the command line.
    """
    if isinstance(error, click.exceptions.Abort):
        command = shlex.join(["veritrain", *arguments])
        message, code = f"Interrupted. What was finished is kept; go on with: {command}", INTERRUPTED
        click.echo(message, err=True)
    elif isinstance(error, click.ClickException):
        message, code = redact(error.format_message()), error.exit_code
        output = io.StringIO()
        error.show(output)
        click.echo(redact(output.getvalue()).rstrip("\n"), err=True)
    elif isinstance(error, UserError):
        message, code = redact(str(error)), error.exit_code
        click.echo(f"veritrain: {message}", err=True)
    else:
        message, code = redact(_describe_error(error)), UNEXPECTED
        if os.environ.get(DEBUG_VARIABLE, "") not in ("", "0"):
            click.echo(redact("".join(traceback.format_exception(error))).rstrip(), err=True)
            click.echo(f"veritrain: {message}", err=True)
        elif not message.startswith("unexpected "):
            click.echo(f"veritrain: {message}", err=True)
        else:
            click.echo(f"veritrain: {message} (for the traceback: {DEBUG_VARIABLE}=1)", err=True)
    if "--json" in arguments and not isinstance(error, OutputError):
        with contextlib.suppress(OutputError), checked_output():
            print_json({"error": {"kind": type(error).__name__, "message": message, "exit_code": code}})
    return code


def _describe_error(error: Exception) -> str:
    """Return one line about an error: a fault of the machine in plain words, or that the error is unexpected."""
    if isinstance(error, OutputError):
        return str(error)
    fault = machine_fault(error)
    if fault is not None:
        return fault
    lines = str(error).strip().splitlines()
    return f"unexpected {type(error).__name__}: {lines[0] if lines else 'no message'}"
