"""Second process that runs some of the gate's checks of very many rows, in parallel with the others.

Checks that read texts word by word hold Python's global interpreter lock, so threads gain nothing. The process is
started fresh and not forked, because this process may have threads that hold locks. It reads its request from a file
and writes its answer to another.
"""

from __future__ import annotations

import logging
import pickle
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from veritrain_lib.core import registry
from veritrain_lib.core.cpu_count import usable_cores

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.quality.context import Context
    from veritrain_lib.quality.rule_results import RuleResults
    from veritrain_lib.quality.suite import Rule

MANY = 200_000
"""Number of rows from which the second process saves more time than its start and its copy of the texts cost."""

SIDE_PROCESS_CHECKS = ("language", "garbage", "personal_data", "refusal")
"""Names of the checks that need only the texts of rows; together they take about half of the total time."""

logger = logging.getLogger(__name__)


class SideProcess:
    """Running process with the checks of some gate rules.

    Attributes:
        rules: Ids of the rules that it checks.
    """

    def __init__(self, rows: pd.DataFrame, context: Context, rules: Sequence[Rule], folder: Path) -> None:
        self.rules = frozenset(rule.id for rule in rules)
        self._rows, self._folder = len(rows), folder
        texts = rows[[name for name in context.task.columns if name in rows.columns]]
        request = (texts, replace(context, fit=None, judge=None), list(rules))
        with (folder / "request").open("wb") as file:
            pickle.dump(request, file, protocol=pickle.HIGHEST_PROTOCOL)
        # It shares our process group: a kill of the group ends both.
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__, str(folder)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )

    def finish(self, rule_results: RuleResults) -> bool:
        """Wait until the process ends and add the results of its checks.

        Args:
            rule_results: Results, to which the reasons and errors are added.

        Returns:
            Whether the process gave results; False if it ended with an error, so that its checks must be run again.
        """
        exit_code = self._process.wait()
        if exit_code:
            logger.warning(
                "checks in the second process ended with exit code %s; they run again in this process",
                exit_code,
            )
            return False
        with (self._folder / "answer").open("rb") as file:
            reasons, errors = pickle.load(file)
        for rule, flagged in reasons.items():
            rule_results.reasons[rule] = [""] * self._rows
            for number, reason in flagged.items():
                rule_results.reasons[rule][number] = reason
        rule_results.errors.update(errors)
        return True

    def stop(self) -> None:
        """Kill the process if it still runs, and wait for its end."""
        self._process.kill()
        self._process.wait()


@contextmanager
def checks_in_side_process(
    rows: pd.DataFrame, context: Context, rules: Sequence[Rule]
) -> Iterator[SideProcess | None]:
    """Run some of the gate's checks in a second process while the context manager is open.

    Args:
        rows: Rows to check.
        context: Context of the gate.
        rules: Rules that may run in the second process.

    Yields:
        The process; None if it would not save time: few rows, a single core, or no suitable check among the rules.
    """
    text_rules = [
        rule for rule in rules if rule.meta.check in SIDE_PROCESS_CHECKS and _is_ours(rule.meta.check)
    ]
    if len(rows) < MANY or usable_cores() < 2 or not text_rules:
        yield None
        return
    with tempfile.TemporaryDirectory() as folder:
        running = SideProcess(rows, context, text_rules, Path(folder))
        try:
            yield running
        finally:
            running.stop()


def _is_ours(name: str) -> bool:
    """Return whether the check of this name is part of this package.

    A user's check of the same name may need more than texts, and so can't run in the second process.
    """
    module: str = registry.get("checks", name).__module__
    return module.startswith("veritrain_lib.quality.checks.")


def main(folder: Path) -> None:
    """Run the checks that the file `request` in a folder lists, and write their results to the file `answer` there.

    This is the entry point of the gate's second process.

    Args:
        folder: Folder with the file `request`.
    """
    from veritrain_lib.quality.rule_results import RuleResults, run_checks

    with (folder / "request").open("rb") as file:
        rows, context, rules = pickle.load(file)
    rule_results = RuleResults()
    run_checks(rows, context, rules, rule_results, parallel=False)
    flagged = {
        rule: {number: reason for number, reason in enumerate(reasons) if reason}
        for rule, reasons in rule_results.reasons.items()
    }
    with (folder / "answer").open("wb") as file:
        pickle.dump((flagged, rule_results.errors), file)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
