"""Checks of very many rows in a second process, beside those that run in this one.

What reads texts word by word holds Python's lock, so threads gain nothing. The process is a fresh one and not a
fork: this one may have threads that hold locks. It reads its order from a file and answers in another.
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
    from veritrain_lib.quality.rule_results import Findings
    from veritrain_lib.quality.suite import Rule

MANY = 200_000
"""Rows from which the second process gains more than its start and its copy of the texts cost."""

BESIDE = ("language", "garbage", "personal_data", "refusal")
"""Checks that look at nothing but texts and take about half of the time together."""

logger = logging.getLogger(__name__)


class SideProcess:
    """The checks of some rules, running. `rules` are theirs; `finish` waits and gives what they found."""

    def __init__(self, rows: pd.DataFrame, context: Context, rules: Sequence[Rule], folder: Path) -> None:
        self.rules = frozenset(rule.id for rule in rules)
        self._rows, self._folder = len(rows), folder
        texts = rows[[name for name in context.task.columns if name in rows.columns]]
        order = (texts, replace(context, fit=None, judge=None), list(rules))
        with (folder / "order").open("wb") as file:
            pickle.dump(order, file, protocol=pickle.HIGHEST_PROTOCOL)
        # Its process group is ours: whoever kills this one kills that too.
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__, str(folder)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )

    def finish(self, findings: Findings) -> bool:
        """Wait, and add what was found; False when the process ended without an answer."""
        code = self._process.wait()
        if code:
            logger.warning("checks beside ended with code %s; they run again here", code)
            return False
        with (self._folder / "answer").open("rb") as file:
            reasons, errors = pickle.load(file)
        for rule, hits in reasons.items():
            findings.reasons[rule] = [""] * self._rows
            for number, reason in hits.items():
                findings.reasons[rule][number] = reason
        findings.errors.update(errors)
        return True

    def end(self) -> None:
        """See that it has ended."""
        self._process.kill()
        self._process.wait()


@contextmanager
def checks_beside(
    rows: pd.DataFrame, context: Context, rules: Sequence[Rule]
) -> Iterator[SideProcess | None]:
    """Some of the rules' checks in a second process for as long as the context is open; None where it is not worth it:
    few rows, one core, or none of our own checks among the rules."""
    own = [rule for rule in rules if rule.meta.check in BESIDE and _is_ours(rule.meta.check)]
    if len(rows) < MANY or usable_cores() < 2 or not own:
        yield None
        return
    with tempfile.TemporaryDirectory() as folder:
        running = SideProcess(rows, context, own, Path(folder))
        try:
            yield running
        finally:
            running.end()


def _is_ours(name: str) -> bool:
    """Whether a check's name still means ours: a user's own of that name may look at anything."""
    module: str = registry.get("checks", name).__module__
    return module.startswith("veritrain_lib.quality.checks.")


def main(folder: Path) -> None:
    """Run the order in a folder and leave the answer there."""
    from veritrain_lib.quality.rule_results import Findings, run_checks

    with (folder / "order").open("rb") as file:
        rows, context, rules = pickle.load(file)
    findings = Findings()
    run_checks(rows, context, rules, findings, beside=False)
    hits = {
        rule: {number: reason for number, reason in enumerate(reasons) if reason}
        for rule, reasons in findings.reasons.items()
    }
    with (folder / "answer").open("wb") as file:
        pickle.dump((hits, findings.errors), file)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
