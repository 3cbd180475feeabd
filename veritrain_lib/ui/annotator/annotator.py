"""Logic of the annotation widget: current row, answer, skip and undo. Each answer is saved at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from veritrain_lib.core.errors import UserError
from veritrain_lib.stages.generate import annotation
from veritrain_lib.stages.inputs.tasks import find_task

if TYPE_CHECKING:
    from veritrain_lib.core.task import Task


@dataclass(frozen=True)
class AnnotationProgress:
    """Number of rows that are answered, skipped and waiting in a task's labels file.

    Attributes:
        answered: Rows with an answer, whoever gave it.
        total: All rows that were queued for annotation.
        skipped: Rows without an answer that were skipped.
    """

    answered: int
    total: int
    skipped: int = 0

    @property
    def waiting(self) -> int:
        """Return the number of rows without an answer, skipped ones included."""
        return self.total - self.answered

    def __str__(self) -> str:
        if not self.total:
            return "No row is waiting for an answer."
        if not self.waiting:
            return f"Every row is answered ({self.total})."
        skipped = f", {self.skipped} of them skipped" if self.skipped else ""
        return f"{self.answered} of {self.total} rows answered; {self.waiting} waiting{skipped}."

    def _repr_html_(self) -> str:
        return f"<p>{self}</p>"


class Annotator:
    """Annotation tool in which a person answers waiting rows in the order of the queue; skipped rows come last.

    In a notebook it shows buttons and a text field; its methods do the same without them. The labels file is read again
    each time, so that it can be edited in a spreadsheet in between.
    """

    def __init__(self, task: str = "") -> None:
        """Open the labels file of a task.

        Args:
            task: Path or name of a task; empty for the last used task, or the built-in example if there is none.

        Raises:
            UserError: There is no such task, or its labels file lacks a column.
        """
        self.task: Task = find_task(task)
        self._history: list[tuple[Literal["answer", "skip"], str]] = []
        self._skipped: list[str] = []
        self._undone_row: str | None = None
        self._widget: Any = None
        annotation.read_labels(self.task)

    @property
    def current(self) -> dict[str, str] | None:
        """Return the row to answer next as a dict with its `id` and the task's inputs; None if no row is waiting."""
        table = annotation.read_labels(self.task)
        waiting = table[table[self.task.target.field].str.strip() == ""]
        rows = {row["id"]: row for row in waiting[["id", *self.task.inputs]].to_dict("records")}
        order = [
            *([self._undone_row] if self._undone_row else []),
            *(key for key in rows if key not in self._skipped),
        ]
        chosen = next((key for key in [*order, *self._skipped] if key in rows), None)
        return None if chosen is None else {str(name): str(value) for name, value in rows[chosen].items()}

    def answer(self, value: str) -> AnnotationProgress:
        """Save an answer to the current row in the labels file, and move on to the next row.

        Args:
            value: The answer.

        Returns:
            The progress after the answer.

        Raises:
            UserError: No row is waiting, or the answer is empty or not allowed by the task; the current row then stays.
        """
        row = self._require_row()
        if not value.strip():
            raise UserError("an answer can't be empty; skip the row instead")
        annotation.save_answer(self.task, row["id"], value)
        self._record_step("answer", row["id"])
        return self.progress()

    def skip(self) -> AnnotationProgress:
        """Put the current row at the end of the queue, and return the progress.

        Raises:
            UserError: No row is waiting.
        """
        row = self._require_row()
        self._record_step("skip", row["id"])
        self._skipped.append(row["id"])
        return self.progress()

    def undo(self) -> AnnotationProgress:
        """Undo the last answer or skip of this annotator, whose row becomes the current one again; return the progress.

        Raises:
            UserError: This annotator has nothing to undo.
        """
        if not self._history:
            raise UserError("there is nothing to undo; earlier answers can be corrected in the labels file")
        kind, row_id = self._history.pop()
        if kind == "answer":
            annotation.save_answer(self.task, row_id, "")
        elif row_id in self._skipped:
            self._skipped.remove(row_id)
        self._undone_row = row_id
        return self.progress()

    def progress(self) -> AnnotationProgress:
        """Return the number of rows of the labels file that are answered, skipped and waiting."""
        answers = annotation.read_labels(self.task)
        is_waiting = answers[self.task.target.field].str.strip() == ""
        return AnnotationProgress(
            int((~is_waiting).sum()),
            len(answers),
            int((is_waiting & answers["id"].isin(self._skipped)).sum()),
        )

    def _require_row(self) -> dict[str, str]:
        """Return the current row; raise UserError if no row is waiting."""
        row = self.current
        if row is None:
            raise UserError("no row is waiting for an answer; run the loop command again and it continues")
        return row

    def _record_step(self, kind: Literal["answer", "skip"], row_id: str) -> None:
        """Remember an answer or a skip, so that it can be undone."""
        self._history.append((kind, row_id))
        self._undone_row = None
        if row_id in self._skipped:
            self._skipped.remove(row_id)

    def _repr_mimebundle_(self, **options: Any) -> Any:
        from veritrain_lib.ui.annotator.widgets import create_view

        if self._widget is None:
            self._widget = create_view(self)
        return self._widget.mimebundle(**options)
