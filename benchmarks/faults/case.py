"""What one case of `make bench-faults` is: a fault, run for real in an empty folder, and what it must end in."""

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
    """What was seen of a case.

    Attributes:
        exit_code: of the command; None where the case ends in no process of its own (an API answer, say).
        text: all that was said: standard output and standard error, or the answer's body.
        status: of the run in the record that the case is about, for example "FAILED"; "" if it is about none.
        wrong: what else is not as it must be, as one sentence; "" when all is.
    """

    exit_code: int | None
    text: str
    status: str = ""
    wrong: str = ""


@dataclass(frozen=True)
class Case:
    """A fault and what is wanted of it.

    Attributes:
        name: `area/what`, once in the whole benchmark.
        run: makes the fault in the empty folder that it gets, and says what was seen.
        exit_code: the only right one; None where `run` gives none.
        says: regular expressions, each of which must be found in the text.
        never_says: regular expressions, none of which may be found in it.
        status: the only right status of the run in the record, "" for none.
    """

    name: str
    run: Callable[[Path], Seen]
    exit_code: int | None = 2
    says: Sequence[str] = ()
    never_says: Sequence[str] = ()
    status: str = ""

    def disagrees(self, seen: Seen) -> str:
        """The first thing that is not as wanted, as one sentence; "" when the case agrees."""
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

    What is still running of it after `limit_s` seconds is killed, with all that it started; the exit code is
    then -9. Variables of this process that set up Veri-Train, MLflow or a provider are not handed on.
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
    """Run a case and take its time in seconds. An exception of the case itself is a disagreement, never hidden."""
    start = time.monotonic()
    try:
        seen = case.run(folder)
    except Exception as error:  # noqa: BLE001  # told in the table as what it is
        seen = Seen(None, "", wrong=f"the case itself failed: {type(error).__name__}: {error}")
    return seen, time.monotonic() - start
