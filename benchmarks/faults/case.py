"""A case of `make bench-faults`: a fault that is reproduced in an empty folder, and its required outcome."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

LIMIT_S = 60.0
"""What a case may take at most, in seconds, before it counts as `over_60_s`."""


@dataclass(frozen=True)
class Seen:
    """The observed outcome of a case.

    Attributes:
        exit_code: of the command; None where the case ends in no process (an API response, say).
        text: the complete output: standard output and standard error, or the body of the response.
        status: status of the tracked run that the case is about, for example "FAILED"; "" if there is none.
        wrong: any other violation, as one sentence; "" when there is none.
    """

    exit_code: int | None
    text: str
    status: str = ""
    wrong: str = ""


@dataclass(frozen=True)
class Case:
    """A fault and its required outcome.

    Attributes:
        name: `area/name`, unique in the benchmark.
        run: reproduces the fault in the empty folder that it gets, and returns the observed outcome.
        exit_code: the required exit code; None where `run` gives none.
        says: regular expressions, each of which must match the text.
        never_says: regular expressions, none of which may match it.
        status: the required status of the tracked run, "" for none.
    """

    name: str
    run: Callable[[Path], Seen]
    exit_code: int | None = 2
    says: Sequence[str] = ()
    never_says: Sequence[str] = ()
    status: str = ""

    def disagrees(self, seen: Seen) -> str:
        """Return the first difference from the required outcome, as one sentence; "" when the case agrees."""
        if seen.wrong:
            return seen.wrong
        if seen.exit_code != self.exit_code:
            return f"exit code {seen.exit_code}, not {self.exit_code}"
        if seen.status != self.status:
            return f"status {seen.status!r}, not {self.status!r}"
        for pattern in self.says:
            if not re.search(pattern, seen.text):
                return f"says nothing like {pattern!r}"
        for pattern in self.never_says:
            if re.search(pattern, seen.text):
                return f"says {pattern!r}"
        return ""


def veritrain(
    folder: Path,
    *arguments: str,
    environment: Mapping[str, str] | None = None,
    stdin: str = "",
    limit_s: float = 2 * LIMIT_S,
) -> Seen:
    """Run the command `veritrain` in a folder, as a user would, with that folder as its project.

    If it still runs after `limit_s` seconds, it is killed with all its child processes; the exit code is then -9.
    Variables of this process that configure Veri-Train, MLflow or a provider are not passed on.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("VERITRAIN_", "MLFLOW_", "OPENAI_", "AZURE_", "DATABASE_URL"))
    }
    given = {
        **kept,
        "VERITRAIN_HOME": str(folder),
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        **(environment or {}),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "veritrain_lib.cli.main", *arguments],
        cwd=folder,
        env=given,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        text, _ = process.communicate(stdin, timeout=limit_s)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        text, _ = process.communicate()
    return Seen(process.returncode, text)


def timed(case: Case, folder: Path) -> tuple[Seen, float]:
    """Run a case and measure its seconds; an exception of the case itself is a disagreement, never hidden."""
    start = time.monotonic()
    try:
        seen = case.run(folder)
    except Exception as error:  # noqa: BLE001  # told in the table as what it is
        seen = Seen(None, "", wrong=f"the case itself failed: {type(error).__name__}: {error}")
    return seen, time.monotonic() - start
