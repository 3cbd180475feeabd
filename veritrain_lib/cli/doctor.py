"""Command `veritrain doctor`: checks the installation and says how to fix what is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from veritrain_lib.cli.output import CommandResult, ResultCommand

if TYPE_CHECKING:
    from veritrain_lib.doctor.check import HealthCheck

MARKS = {"ok": "ok  ", "warn": "WARN", "fail": "FAIL"}


@click.command(cls=ResultCommand, short_help="Check the installation and say how to fix it.", help=(
    "Check the installation, the project's folder and the record, and say how to fix what is wrong.\n\n"
    "Exit code 3 when a check fails; a warning does not."
))  # fmt: skip
def doctor() -> CommandResult:
    """Run `veritrain doctor`: check the installation and print how to fix what is wrong.

    Returns:
        What the command prints, and its exit code.
    """
    from veritrain_lib.doctor.examine import examine

    checks = examine()
    worst = (
        "fail"
        if any(check.state == "fail" for check in checks)
        else "warn"
        if any(check.state == "warn" for check in checks)
        else "ok"
    )
    document = {
        "state": worst,
        "checks": [
            {"name": check.name, "state": check.state, "found": check.found, "mend": check.mend}
            for check in checks
        ],
    }
    return CommandResult(document, [*_show(checks), _summary(checks)], 3 if worst == "fail" else 0)


def _show(checks: list[HealthCheck]) -> list[str]:
    lines = []
    for check in checks:
        lines.append(f"{MARKS[check.state]}  {check.name}: {check.found}")
        if check.mend:
            lines.append(f"      {check.mend}")
    return lines


def _summary(checks: list[HealthCheck]) -> str:
    counts = {state: sum(check.state == state for check in checks) for state in MARKS}
    return f"{counts['ok']} ok, {counts['warn']} warning(s), {counts['fail']} failed"
