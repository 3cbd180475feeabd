"""Complete check of a task: its file, the components and data that it names, and whether they fit together."""

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
    """Result of checking a task file: its parsed content, and all mistakes in the order of their lines."""

    reading: ParsedTaskFile
    mistakes: tuple[Mistake, ...]

    @property
    def message(self) -> str:
        """All mistakes of the task file as one message, each with its line and that line's text.

        Empty if there are none.
        """
        return self.reading.document.format_mistakes(self.mistakes) if self.mistakes else ""


def check_task(path: str | Path) -> CheckedTask:
    """Check a task file and everything that it names; no model is opened and no code of the user is run.

    Args:
        path: the task file, or a folder with a `task.yaml`.

    Returns:
        The content of the task file, and all mistakes.

    Raises:
        UserError: The file can't be read as a task file (see `read_task_file`); mistakes inside it are in the
            result.
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
    """Load a task file that is about to be used, after checking it completely.

    In addition to `check_task`, the user's own trainer and metrics are constructed once, which runs their
    files, so that no work is lost to a mistake that shows only then.

    Args:
        path: the task file, or a folder with a `task.yaml`.

    Returns:
        The task.

    Raises:
        UserError: There are mistakes; the message lists all of them.
        Refused: A file of code lies in `mlruns/`, where clients of the server can store files.
    """
    checked = check_task(path)
    if checked.mistakes or checked.reading.task is None:
        raise UserError(checked.message)
    make_own_parts(checked.reading.task)
    return checked.reading.task


def _is_reported(mistake: Mistake, reported: set[tuple[str | int, ...]]) -> bool:
    """Return whether a mistake concerns a value (or a part of one) that another mistake was reported for."""
    return any(mistake.path[:length] in reported for length in range(1, len(mistake.path) + 1))
