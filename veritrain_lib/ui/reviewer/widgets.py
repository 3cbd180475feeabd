"""Widgets of the review tool: the row, buttons, fields for a comment and the reviewer's name, and a progress bar."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from veritrain_lib.ui.widget_base import WidgetBase, cell

if TYPE_CHECKING:
    from veritrain_lib.ui.reviewer.reviewer import Reviewer

QUESTIONS = {
    "accepted": "The gate accepted this row. Would you?",
    "quarantine": "The gate rejected this row. Would you have accepted it?",
}
"""Question that is shown with a row, for rows that the quality gate accepted and for those in quarantine."""


def create_view(reviewer: Reviewer) -> ReviewerView:
    """Return the widgets that show a reviewer in a notebook."""
    return ReviewerView(reviewer)


class ReviewerView(WidgetBase):
    """Widgets of the review tool in a notebook; each event calls a method of the `Reviewer`."""

    def __init__(self, reviewer: Reviewer) -> None:
        super().__init__()
        self.reviewer = reviewer
        self.comment = widgets.Text(placeholder="comment (optional)", layout=widgets.Layout(width="60%"))
        self.accept = self.button(
            "accept", lambda: self._decide(self.reviewer.accept), button_style="success"
        )
        self.reject = self.button("reject", lambda: self._decide(self.reviewer.reject), button_style="danger")
        self.skip = self.button("skip", self.reviewer.skip)
        self.undo = self.button("undo", self.reviewer.undo)
        self.name = widgets.Text(placeholder="your name")
        self.save = self.button("store the review", self._store, button_style="primary")
        self.refresh()

    def progress(self) -> str:
        """Return the progress of the review as a sentence."""
        return self.reviewer.progress()

    def refresh(self) -> None:
        """Show the current row and the progress of the review."""
        row = self.reviewer.current
        done = int((self.reviewer.rows["decision"] != "").sum())
        self.bar.max, self.bar.value = max(len(self.reviewer.rows), 1), done
        below = [self.notice, widgets.HBox([self.bar, widgets.Label(f"{done} of {len(self.reviewer.rows)}")]),
                 widgets.HBox([self.name, self.save])]  # fmt: skip
        if row is None:
            self.row.value = f"<p><strong>{html.escape(self.progress())}</strong></p>"
            self.box.children = [self.row, widgets.HBox([self.undo]), *below]
            return
        names = [*self.reviewer.sheet.task.columns, "reasons"]
        cells = "".join(cell(name, row[name]) for name in names if row.get(name))
        self.row.value = f"<p><em>{QUESTIONS[row['part']]}</em></p><div style='font-size:120%'>{cells}</div>"
        buttons = widgets.HBox([self.accept, self.reject, self.skip, self.undo])
        self.box.children = [self.row, self.comment, buttons, *below]

    def _decide(self, action: Any) -> None:
        """Accept or reject the current row with the typed comment, then clear the comment."""
        action(self.comment.value)
        self.comment.value = ""

    def _store(self) -> None:
        """Store the review under the typed name, and show a message."""
        self.show_message(f"Stored. {self.reviewer.store(self.name.value)}")
