"""Who hears how a stage's notebook goes: the engine by a letter, or the stage by watching the cells."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

MAILBOX = "VERITRAIN_MAILBOX"
"""Environment variable with the path of a file in which a stage tells the engine which run is its own."""

CLAIMED = "VERITRAIN_CLAIMED"
"""Environment variable with the digest of the work that was claimed for a stage by who launched its notebook."""


def write_letter(mailbox: Path, run_id: str, stored: bool, *, filed: bool = False) -> None:
    """Tell the engine the stage's run, and whether it was only shown from the record. Whole or not at all.

    `filed`: the result is in the record, though the notebook goes on.
    """
    part = mailbox.with_suffix(".part")
    part.write_text(json.dumps({"run": run_id, "stored": stored, "filed": filed}), encoding="utf-8")
    part.replace(mailbox)


def read_letter(mailbox: Path) -> tuple[str, bool]:
    """What the stage wrote: run and whether it was stored; an empty run while there is no letter."""
    if not mailbox.exists():
        return "", False
    letter = json.loads(mailbox.read_text(encoding="utf-8"))
    return str(letter["run"]), bool(letter["stored"])


def filed_run(mailbox: Path) -> str:
    """The stage's run once its result is filed in it; empty before, and for one shown from the record."""
    if not mailbox.exists():
        return ""
    letter = json.loads(mailbox.read_text(encoding="utf-8"))
    return str(letter["run"]) if letter.get("filed") else ""


class CellWatch:
    """Calls `failed` with the error of every cell that fails, in a notebook that a person runs."""

    def __init__(self, failed: Callable[[BaseException], None]) -> None:
        self._failed = failed

    def start(self) -> None:
        """Watch from now on; nothing happens outside a notebook."""
        shell = _shell()
        if shell is not None:
            shell.events.register("post_run_cell", self._after_cell)

    def stop(self) -> None:
        """Watch no more; may be called twice."""
        shell = _shell()
        if shell is not None:
            with contextlib.suppress(ValueError):  # never registered, or stopped twice
                shell.events.unregister("post_run_cell", self._after_cell)

    def _after_cell(self, outcome: Any) -> None:
        error = outcome.error_in_exec or outcome.error_before_exec
        if error is not None:
            self._failed(error)


def _shell() -> Any:
    if "IPython" not in sys.modules:
        return None
    return sys.modules["IPython"].get_ipython()
