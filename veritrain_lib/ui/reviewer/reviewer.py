"""Which row is next, and what becomes of a decision. Every decision is in the file before the next row is shown."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from veritrain_lib.core.errors import UserError
from veritrain_lib.quality.review import Review
from veritrain_lib.quality.review_sample import ROWS
from veritrain_lib.stage_io import review as recorded
from veritrain_lib.stage_io.stage import MAILBOX

if TYPE_CHECKING:
    from veritrain_lib.stage_io import RecordedStage


class ReviewDesk:
    """One row of the sample after the other: accept it or reject it, with a comment or without; then store the review.

    Shows widgets in a notebook; the methods below do the same without them. Decisions wait in a CSV file, so that a
    spreadsheet and the desk can take turns, and reach the record when the review is stored under a name.
    """

    def __init__(self, stage: RecordedStage, rows: int = ROWS) -> None:
        """`stage`: the gate that was begun and has run; `rows`: accepted rows in the sample.

        Raises UserError for another stage, one that has not run, or a file of decisions that can't be read.
        """
        if stage.stage != "gate" or not stage.run_id:
            raise UserError("the review desk needs a gate that has run: ReviewDesk(stage) after stage.run()")
        result: Any = stage.run()
        self.sheet = recorded.sheet(stage.task, stage.run_id, rows=rows, result=result)
        self.rows = self.sheet.read()
        self._skipped: list[str] = []
        self._done: list[str] = []
        self._widget: Any = None

    @property
    def current(self) -> dict[str, str] | None:
        """The row to decide on, with its fields and, for one of the quarantine, its reasons; None at the end."""
        waiting = self.rows[self.rows["decision"] == ""]
        rows = {str(row["row"]): row for row in waiting.to_dict("records")}
        order = [*(key for key in rows if key not in self._skipped), *self._skipped]
        chosen = next((key for key in order if key in rows), None)
        return None if chosen is None else {str(name): str(value) for name, value in rows[chosen].items()}

    def accept(self, comment: str = "") -> str:
        """Accept the current row and go on. Raises UserError when every row is decided."""
        return self._decide("accept", comment)

    def reject(self, comment: str = "") -> str:
        """Reject the current row and go on. Raises UserError when every row is decided."""
        return self._decide("reject", comment)

    def skip(self) -> str:
        """Leave the current row for later. Raises UserError when every row is decided."""
        key = self._need()
        if key in self._skipped:
            self._skipped.remove(key)
        self._skipped.append(key)
        return self.progress()

    def undo(self) -> str:
        """Take this desk's last decision back. Raises UserError when there is none."""
        if not self._done:
            raise UserError("there is nothing to take back; earlier decisions are mended in the file")
        self._write(self._done.pop(), "", "")
        return self.progress()

    def store(self, reviewer: str) -> Review:
        """Store the review beside the verdict. Raises UserError without a decision or without a name."""
        return recorded.store(self.sheet, self.rows, reviewer)

    def progress(self) -> str:
        """How far the work is, as one sentence."""
        done = int((self.rows["decision"] != "").sum())
        if not len(self.rows):
            return "There is no row to review."
        return f"{done} of {len(self.rows)} rows reviewed; decisions are in {self.sheet.file.name}."

    def _decide(self, decision: str, comment: str) -> str:
        key = self._need()
        self._write(key, decision, comment.strip())
        self._done.append(key)
        return self.progress()

    def _need(self) -> str:
        row = self.current
        if row is None:
            raise UserError("every row is decided; store the review under your name")
        return row["row"]

    def _write(self, key: str, decision: str, comment: str) -> None:
        # The file first: somebody may have gone on in a spreadsheet.
        self.rows = self.sheet.read()
        self.rows.loc[self.rows["row"] == key, ["decision", "comment"]] = [decision, comment]
        self.sheet.write(self.rows)

    def _repr_mimebundle_(self, **options: Any) -> Any:
        if os.environ.get(MAILBOX):
            # Nobody can press a button in a notebook that a program executes.
            how = "open the notebook in JupyterLab, or: veritrain review"
            return {"text/plain": f"{self.progress()} To review: {how}"}
        from veritrain_lib.ui.reviewer.widgets import show

        if self._widget is None:
            self._widget = show(self)
        return self._widget.bundle(**options)
