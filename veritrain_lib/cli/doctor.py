"""`veritrain doctor`: is this installation sound, and how to mend it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from veritrain_lib.cli.output import Answer, AnsweringCommand

if TYPE_CHECKING:
    from veritrain_lib.doctor.check import Check

MARKS = {"ok": "ok  ", "warn": "WARN", "fail": "FAIL"}


@click.command(cls=AnsweringCommand, short_help="Check the installation and say how to mend it.", help=(
    "Check the installation, the project's folder and the record, and say how to mend what is wrong.\n\n"
    "Exit code 3 when a check fails; a warning does not."
))  # fmt: skip
def doctor() -> Answer:
    """Run every check."""
    from veritrain_lib.doctor.examine import examine

    checks = examine()
    worst = (
        "fail"
        if any(one.state == "fail" for one in checks)
        else "warn"
        if any(one.state == "warn" for one in checks)
        else "ok"
    )
    document = {
        "state": worst,
        "checks": [
            {"name": one.name, "state": one.state, "found": one.found, "mend": one.mend} for one in checks
        ],
    }
    return Answer(document, [*_show(checks), _sum(checks)], 3 if worst == "fail" else 0)


def _show(checks: list[Check]) -> list[str]:
    lines = []
    for one in checks:
        lines.append(f"{MARKS[one.state]}  {one.name}: {one.found}")
        if one.mend:
            lines.append(f"      {one.mend}")
    return lines


def _sum(checks: list[Check]) -> str:
    counts = {state: sum(one.state == state for one in checks) for state in MARKS}
    return f"{counts['ok']} ok, {counts['warn']} warning(s), {counts['fail']} failed"
