"""A task is checked as a whole: its file, the parts that it names, and whether they fit one another and the data."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from veritrain_lib.core.errors import UserError
from veritrain_lib.task_check.contract import contract_mistakes
from veritrain_lib.task_check.parts import part_mistakes
from veritrain_lib.task_check.rows import row_mistakes
from veritrain_lib.task_check.suite import suite_mistakes
from veritrain_lib.task_file.reading import Reading, read_task_file

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task
    from veritrain_lib.yaml_file.document import Mistake


@dataclass(frozen=True)
class Checked:
    """A task file that was checked: what was read, and everything that is wrong, in the order of the file."""

    reading: Reading
    mistakes: tuple[Mistake, ...]

    @property
    def message(self) -> str:
        """All mistakes, each with its line and what stands there; "" when there is none."""
        return self.reading.document.told(self.mistakes) if self.mistakes else ""


def check_task(path: str | Path) -> Checked:
    """Check a task file and all that it names; no model is opened, nothing is measured, no code of the task's is run.

    Raises UserError as `read_task_file` does, for a file that is no task file at all.
    """
    reading = read_task_file(path)
    mistakes = list(reading.mistakes)
    if reading.task is not None:
        told = {one.path for one in mistakes}
        for look in (part_mistakes, suite_mistakes, contract_mistakes, row_mistakes):
            mistakes += [one for one in look(reading.task, reading.document) if not _told(one, told)]
    return Checked(reading, tuple(sorted(dict.fromkeys(mistakes), key=lambda one: one.line)))


def load_checked(path: str | Path) -> Task:
    """Read a task file that can be worked on. Raises UserError with everything that is wrong."""
    checked = check_task(path)
    if checked.mistakes or checked.reading.task is None:
        raise UserError(checked.message)
    return checked.reading.task


def _told(one: Mistake, told: set[tuple[str | int, ...]]) -> bool:
    """Whether the file's own mistakes have one at the same value: what it stands for is not known then."""
    return any(one.path[:length] in told for length in range(1, len(one.path) + 1))
