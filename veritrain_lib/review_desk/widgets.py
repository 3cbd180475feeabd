"""What a reviewer sees: the row, three buttons, a comment, a bar, and a name to store the review under."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from veritrain_lib.errors import UserError

if TYPE_CHECKING:
    from veritrain_lib.review_desk.desk import ReviewDesk

ASKED = {
    "accepted": "The gate let this row through. Would you?",
    "quarantine": "The gate took this row out. Would you have let it through?",
}


def show(desk: ReviewDesk) -> ReviewView:
    """The desk as widgets."""
    return ReviewView(desk)


class ReviewView:
    """The widgets of one desk; every event goes through the desk's own methods."""

    def __init__(self, desk: ReviewDesk) -> None:
        self.desk = desk
        self.row = widgets.HTML()
        self.notice = widgets.HTML()
        self.comment = widgets.Text(placeholder="comment (optional)", layout=widgets.Layout(width="60%"))
        self.accept = self._button("accept", "success", lambda: self._decide(self.desk.accept))
        self.reject = self._button("reject", "danger", lambda: self._decide(self.desk.reject))
        self.skip = self._button("skip", "", self.desk.skip)
        self.undo = self._button("undo", "", self.desk.undo)
        self.bar = widgets.IntProgress(min=0, layout=widgets.Layout(width="60%"))
        self.reviewer = widgets.Text(placeholder="your name")
        self.save = self._button("store the review", "primary", self._store)
        self.box = widgets.VBox()
        self.refresh()

    def bundle(self, **options: Any) -> Any:
        """What JupyterLab shows: the widgets, or a sentence where there are none (an exported page)."""
        found = self.box._repr_mimebundle_(**options)
        data, meta = found if isinstance(found, tuple) else (found, {})
        return data | {"text/html": f"<p>{html.escape(self.desk.progress())}</p>"}, meta

    def refresh(self) -> None:
        """Show the current row and how far the work is."""
        row = self.desk.current
        done = int((self.desk.rows["decision"] != "").sum())
        self.bar.max, self.bar.value = max(len(self.desk.rows), 1), done
        under = [self.notice, widgets.HBox([self.bar, widgets.Label(f"{done} of {len(self.desk.rows)}")]),
                 widgets.HBox([self.reviewer, self.save])]  # fmt: skip
        if row is None:
            self.row.value = f"<p><strong>{html.escape(self.desk.progress())}</strong></p>"
            self.box.children = [self.row, widgets.HBox([self.undo]), *under]
            return
        names = [*self.desk.sheet.task.columns, "reasons"]
        cells = "".join(_cell(name, row[name]) for name in names if row.get(name))
        self.row.value = f"<p><em>{ASKED[row['part']]}</em></p><div style='font-size:120%'>{cells}</div>"
        buttons = widgets.HBox([self.accept, self.reject, self.skip, self.undo])
        self.box.children = [self.row, self.comment, buttons, *under]

    def _decide(self, act: Any) -> None:
        act(self.comment.value)
        self.comment.value = ""

    def _store(self) -> None:
        self._tell(f"stored. {self.desk.store(self.reviewer.value)}")

    def _button(self, text: str, style: str, act: Any) -> Any:
        button = widgets.Button(description=text, button_style=style, layout=widgets.Layout(width="auto"))
        button.on_click(lambda _: self._do(act))
        return button

    def _do(self, act: Any) -> None:
        self._tell("")
        try:
            act()
        except UserError as error:
            self._tell(str(error))
        self.refresh()

    def _tell(self, text: str) -> None:
        self.notice.value = f"<p role='status'>{html.escape(text)}</p>" if text else ""


def _cell(name: str, value: str) -> str:
    shown = html.escape(value)
    return f"<p><small>{html.escape(name)}</small><br><span dir='auto' style='white-space:pre-wrap'>{shown}</span></p>"
