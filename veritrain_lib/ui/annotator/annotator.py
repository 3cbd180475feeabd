"""Which row is next, and what becomes of an answer. Every answer is in the file before the next row is shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from veritrain_lib.core.errors import UserError
from veritrain_lib.stage_io import annotation
from veritrain_lib.stage_io.tasks import find_task

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task


@dataclass(frozen=True)
class Progress:
    """How far the work is: rows answered (by anybody) of all that were handed out, and skipped ones still open."""

    answered: int
    total: int
    skipped: int = 0

    @property
    def waiting(self) -> int:
        """Rows without an answer."""
        return self.total - self.answered

    def __str__(self) -> str:
        if not self.total:
            return "No row waits for an answer."
        if not self.waiting:
            return f"Every row is answered ({self.total}). Nothing waits any more."
        skipped = f", {self.skipped} of them skipped" if self.skipped else ""
        return f"{self.answered} of {self.total} rows answered; {self.waiting} wait{skipped}."

    def _repr_html_(self) -> str:
        return f"<p>{self}</p>"


class LabellingDesk:
    """One waiting row after the other, in the order they were handed out; skipped ones come back at the end.

    Shows buttons and a key field in a notebook; the methods below do the same without them. The file is read
    anew each time, so that a spreadsheet and the desk can take turns.
    """

    def __init__(self, task: str = "") -> None:
        """`task`: a file or a name; empty means the one worked on last, else the built-in example.

        Raises UserError when there is no such task, or its labels file lacks a column.
        """
        self.task: Task = find_task(task)
        self._done: list[tuple[Literal["answer", "skip"], str]] = []
        self._skipped: list[str] = []
        self._first: str | None = None
        self._widget: Any = None
        annotation.read_labels(self.task)

    @property
    def current(self) -> dict[str, str] | None:
        """The row to answer: `id` and the task's inputs; None when nothing waits."""
        table = annotation.read_labels(self.task)
        waiting = table[table[self.task.target.field].str.strip() == ""]
        rows = {row["id"]: row for row in waiting[["id", *self.task.inputs]].to_dict("records")}
        order = [*([self._first] if self._first else []), *(key for key in rows if key not in self._skipped)]
        chosen = next((key for key in [*order, *self._skipped] if key in rows), None)
        return None if chosen is None else {str(name): str(value) for name, value in rows[chosen].items()}

    def answer(self, value: str) -> Progress:
        """Write the answer of the current row to the file, and go on to the next.

        Raises UserError when nothing waits, for an empty answer, or one that the task does not allow; the row
        then stays where it is.
        """
        row = self._need()
        if not value.strip():
            raise UserError("an answer can't be empty; skip the row instead")
        annotation.answer(self.task, row["id"], value)
        self._moved_on("answer", row["id"])
        return self.progress()

    def skip(self) -> Progress:
        """Leave the current row for later. Raises UserError when nothing waits."""
        row = self._need()
        self._moved_on("skip", row["id"])
        self._skipped.append(row["id"])
        return self.progress()

    def undo(self) -> Progress:
        """Take the last answer (or skip) of this desk back; its row is the current one again.

        Raises UserError when this desk has nothing to take back.
        """
        if not self._done:
            raise UserError("there is nothing to take back; earlier answers are mended in the labels file")
        kind, row_id = self._done.pop()
        if kind == "answer":
            annotation.answer(self.task, row_id, "")
        elif row_id in self._skipped:
            self._skipped.remove(row_id)
        self._first = row_id
        return self.progress()

    def progress(self) -> Progress:
        """How far the work is."""
        answers = annotation.read_labels(self.task)
        waits = answers[self.task.target.field].str.strip() == ""
        return Progress(
            int((~waits).sum()), len(answers), int((waits & answers["id"].isin(self._skipped)).sum())
        )

    def _need(self) -> dict[str, str]:
        row = self.current
        if row is None:
            raise UserError("nothing waits for an answer; type the loop's command again and it goes on")
        return row

    def _moved_on(self, kind: Literal["answer", "skip"], row_id: str) -> None:
        self._done.append((kind, row_id))
        self._first = None
        if row_id in self._skipped:
            self._skipped.remove(row_id)

    def _repr_mimebundle_(self, **options: Any) -> Any:
        from veritrain_lib.ui.annotator.widgets import show

        if self._widget is None:
            self._widget = show(self)
        return self._widget.bundle(**options)
