"""Cases: invalid options and arguments on the command line."""

from __future__ import annotations

from pathlib import Path

from benchmarks.faults.case import Case, Seen, veritrain


def _asks_for(*arguments: str) -> Case:
    def run(folder: Path) -> Seen:
        return veritrain(folder, *arguments)

    return Case(
        "command_line/" + "_".join(word.strip("-") for word in arguments), run, says=["veritrain|Usage|Error"]
    )


CASES = [
    _asks_for("no-such-command"),
    _asks_for("loop", "no_such_task"),
    _asks_for("loop", "no/such/task.yaml"),
    _asks_for("gate", "--no-such-option", "1"),
    _asks_for("new-task", "--from", "no_such_file.csv", "--into", "mine"),
]
