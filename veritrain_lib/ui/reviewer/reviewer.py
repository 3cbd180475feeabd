"""Logic of the review widget: current row, accept, reject, skip and undo. Each decision is saved at once."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from veritrain_lib.core.errors import UserError
from veritrain_lib.quality.review import Review
from veritrain_lib.quality.review_sample import ROWS
from veritrain_lib.stages.record import review as review_store
from veritrain_lib.stages.record.progress_reports import STATUS_FILE

if TYPE_CHECKING:
    from veritrain_lib.stages.record.stage_run import StageRun


class Reviewer:
    """Review tool in which a person accepts or rejects sampled rows, optionally with a comment, and stores the review.

    In a notebook it shows widgets; its methods do the same without them. Decisions are saved in a CSV file, which can
    be edited in a spreadsheet in between. They are stored in MLflow when the review is stored under a person's name.
    """

    def __init__(self, stage: StageRun, rows: int = ROWS) -> None:
        """Draw a sample of the rows that the quality gate judged, and read the decisions that were saved before.

        Args:
            stage: Gate stage that has run (`start_stage`, then `stage.run()`).
            rows: Number of accepted rows in the sample.

        Raises:
            UserError: The stage is not a gate or has not run, or the file of decisions can't be read.
        """
        if stage.stage != "gate" or not stage.run_id:
            raise UserError("the reviewer needs a gate that has run: call Reviewer(stage) after stage.run()")
        result: Any = stage.result
        self.sheet = review_store.sheet(stage.task, stage.run_id, rows=rows, result=result)
        self.rows = self.sheet.read()
        self._skipped: list[str] = []
        self._history: list[str] = []
        self._widget: Any = None

    @property
    def current(self) -> dict[str, str] | None:
        """Return the row to review next, as texts by column; None if all rows are decided.

        A row that the quality gate rejected has its reasons in `reasons`.
        """
        waiting = self.rows[self.rows["decision"] == ""]
        rows = {str(row["row"]): row for row in waiting.to_dict("records")}
        order = [*(key for key in rows if key not in self._skipped), *self._skipped]
        chosen = next((key for key in order if key in rows), None)
        return None if chosen is None else {str(name): str(value) for name, value in rows[chosen].items()}

    def accept(self, comment: str = "") -> str:
        """Accept the current row and move on to the next one; return the progress as a sentence.

        Args:
            comment: Comment on the row; may be empty.

        Raises:
            UserError: All rows are decided.
        """
        return self._decide("accept", comment)

    def reject(self, comment: str = "") -> str:
        """Reject the current row and move on to the next one; return the progress as a sentence.

        Args:
            comment: Comment on the row; may be empty.

        Raises:
            UserError: All rows are decided.
        """
        return self._decide("reject", comment)

    def skip(self) -> str:
        """Put the current row at the end of the queue; return the progress as a sentence.

        Raises:
            UserError: All rows are decided.
        """
        key = self._require_row()
        if key in self._skipped:
            self._skipped.remove(key)
        self._skipped.append(key)
        return self.progress()

    def undo(self) -> str:
        """Undo the last decision of this reviewer; return the progress as a sentence.

        Raises:
            UserError: This reviewer has nothing to undo.
        """
        if not self._history:
            raise UserError("there is nothing to undo; earlier decisions can be corrected in the file")
        self._write(self._history.pop(), "", "")
        return self.progress()

    def store(self, reviewer: str) -> Review:
        """Store the review in MLflow, with the quality gate's run, and return it.

        Args:
            reviewer: Name of the person who has reviewed.

        Raises:
            UserError: No row is decided yet, or the name is empty.
        """
        return review_store.store(self.sheet, self.rows, reviewer)

    def progress(self) -> str:
        """Return the progress of the review as a sentence."""
        done = int((self.rows["decision"] != "").sum())
        if not len(self.rows):
            return "There is no row to review."
        return f"{done} of {len(self.rows)} rows reviewed; decisions are in {self.sheet.file.name}."

    def _decide(self, decision: str, comment: str) -> str:
        """Save a decision (`accept` or `reject`) on the current row; return the progress as a sentence."""
        key = self._require_row()
        self._write(key, decision, comment.strip())
        self._history.append(key)
        return self.progress()

    def _require_row(self) -> str:
        """Return the id of the current row; raise UserError if all rows are decided."""
        row = self.current
        if row is None:
            raise UserError("every row is decided; store the review under your name")
        return row["row"]

    def _write(self, key: str, decision: str, comment: str) -> None:
        """Save a decision on a row in the CSV file; changes that were made in a spreadsheet meanwhile are kept."""
        # The file first: somebody may have gone on in a spreadsheet.
        self.rows = self.sheet.read()
        self.rows.loc[self.rows["row"] == key, ["decision", "comment"]] = [decision, comment]
        self.sheet.write(self.rows)

    def _repr_mimebundle_(self, **options: Any) -> Any:
        if os.environ.get(STATUS_FILE):
            # Nobody can press a button in a notebook that a program executes.
            instruction = "open the notebook in JupyterLab, or: veritrain review"
            return {"text/plain": f"{self.progress()} To review: {instruction}"}
        from veritrain_lib.ui.reviewer.widgets import create_view

        if self._widget is None:
            self._widget = create_view(self)
        return self._widget.mimebundle(**options)
