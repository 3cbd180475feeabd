"""The complete check of a task: its file, its components, and whether they fit each other and the data."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from veritrain_lib.core.errors import UserError
from veritrain_lib.task_check.contract import contract_mistakes
from veritrain_lib.task_check.own_code import make_own_parts
from veritrain_lib.task_check.parts import part_mistakes
from veritrain_lib.task_check.rows import row_mistakes
from veritrain_lib.task_check.suite import suite_mistakes
from veritrain_lib.task_file.reading import ParsedTaskFile, read_task_file

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task
    from veritrain_lib.yaml_file.document import Mistake


@dataclass(frozen=True)
class CheckedTask:
    """A task file that was checked: its content, and all mistakes in the order of the file."""

    reading: ParsedTaskFile
    mistakes: tuple[Mistake, ...]

    @property
    def message(self) -> str:
        """All mistakes, each with its line and the text of that line; "" when there is none."""
        return self.reading.document.format_mistakes(self.mistakes) if self.mistakes else ""


def check_task(path: str | Path) -> CheckedTask:
    """Check a task file and all that it names; no model is opened and no code of the task is run.

    Raises:
        UserError: The file is no task file (see `read_task_file`).
    """
    parsed = read_task_file(path)
    mistakes = list(parsed.mistakes)
    if parsed.task is not None:
        reported = {mistake.path for mistake in mistakes}
        for checker in (part_mistakes, suite_mistakes, contract_mistakes, row_mistakes):
            mistakes += [
                mistake
                for mistake in checker(parsed.task, parsed.document)
                if not _is_reported(mistake, reported)
            ]
    return CheckedTask(parsed, tuple(sorted(dict.fromkeys(mistakes), key=lambda mistake: mistake.line)))


def load_checked(path: str | Path) -> Task:
    """Load a task file that passes all checks, for work that begins now.

    The user's own trainer and metrics are made once (`check_task` only reads their files), so that no work is lost to a
    mistake that shows when the file is run.

    Raises:
        UserError: There are mistakes; the message lists all of them.
        Refused: A file of code lies among the files of the record.
    """
    checked = check_task(path)
    if checked.mistakes or checked.reading.task is None:
        raise UserError(checked.message)
    make_own_parts(checked.reading.task)
    return checked.reading.task


def _is_reported(mistake: Mistake, reported: set[tuple[str | int, ...]]) -> bool:
    """Return whether the file itself has a mistake at the same value, whose meaning is then unknown."""
    return any(mistake.path[:length] in reported for length in range(1, len(mistake.path) + 1))
