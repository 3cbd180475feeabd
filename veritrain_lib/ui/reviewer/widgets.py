"""What a reviewer sees: the row, three buttons, a comment, a bar, and a name to store the review under."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from veritrain_lib.ui.widget_base import DeskView, cell

if TYPE_CHECKING:
    from veritrain_lib.ui.reviewer.reviewer import ReviewDesk

ASKED = {
    "accepted": "The gate let this row through. Would you?",
    "quarantine": "The gate took this row out. Would you have let it through?",
}


def show(desk: ReviewDesk) -> ReviewView:
    """The desk as widgets."""
    return ReviewView(desk)


class ReviewView(DeskView):
    """The widgets of one desk; every event goes through the desk's own methods."""

    def __init__(self, desk: ReviewDesk) -> None:
        super().__init__()
        self.desk = desk
        self.comment = widgets.Text(placeholder="comment (optional)", layout=widgets.Layout(width="60%"))
        self.accept = self.button("accept", lambda: self._decide(self.desk.accept), button_style="success")
        self.reject = self.button("reject", lambda: self._decide(self.desk.reject), button_style="danger")
        self.skip = self.button("skip", self.desk.skip)
        self.undo = self.button("undo", self.desk.undo)
        self.reviewer = widgets.Text(placeholder="your name")
        self.save = self.button("store the review", self._store, button_style="primary")
        self.refresh()

    def progress(self) -> str:
        """How far the review is, in a sentence."""
        return self.desk.progress()

    def refresh(self) -> None:
        """Show the current row and how far the work is."""
        row = self.desk.current
        done = int((self.desk.rows["decision"] != "").sum())
        self.bar.max, self.bar.value = max(len(self.desk.rows), 1), done
        under = [self.notice, widgets.HBox([self.bar, widgets.Label(f"{done} of {len(self.desk.rows)}")]),
                 widgets.HBox([self.reviewer, self.save])]  # fmt: skip
        if row is None:
            self.row.value = f"<p><strong>{html.escape(self.progress())}</strong></p>"
            self.box.children = [self.row, widgets.HBox([self.undo]), *under]
            return
        names = [*self.desk.sheet.task.columns, "reasons"]
        cells = "".join(cell(name, row[name]) for name in names if row.get(name))
        self.row.value = f"<p><em>{ASKED[row['part']]}</em></p><div style='font-size:120%'>{cells}</div>"
        buttons = widgets.HBox([self.accept, self.reject, self.skip, self.undo])
        self.box.children = [self.row, self.comment, buttons, *under]

    def _decide(self, act: Any) -> None:
        act(self.comment.value)
        self.comment.value = ""

    def _store(self) -> None:
        self.tell(f"stored. {self.desk.store(self.reviewer.value)}")
