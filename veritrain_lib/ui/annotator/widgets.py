"""What a person sees: the row, a button a label, one field that takes keys, a bar.

JupyterLab gives no key events to a kernel. A text field does: it sends its text at every stroke, so one
character that is a label's key answers at once and the field is emptied again. Click into it once; it keeps
the focus. With more labels than keys, type part of a name: the buttons narrow, Enter takes the first.
"""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from veritrain_lib.ui.annotator.shortcuts import SKIP, UNDO, keys_of, matching
from veritrain_lib.ui.widget_base import DeskView, cell

if TYPE_CHECKING:
    from veritrain_lib.ui.annotator.annotator import LabellingDesk

SHOWN = 33
"""Label buttons at once; more make a wall in which nobody finds anything."""


def show(desk: LabellingDesk) -> LabellingView:
    """The desk as widgets."""
    return LabellingView(desk)


class LabellingView(DeskView):
    """The widgets of one desk; every event goes through the desk's own methods."""

    def __init__(self, desk: LabellingDesk) -> None:
        super().__init__()
        self.desk = desk
        self.labels = desk.task.labels
        self.keys = keys_of(self.labels)
        self.done = widgets.Label()
        self.undo = self.button(
            f"[{UNDO}] undo", lambda: self.desk.undo(), tooltip="take the last answer back"
        )
        self.skip = self.button(
            f"[{SKIP}] skip", lambda: self.desk.skip(), tooltip="leave this row for later"
        )
        self.field: Any = self._key_field() if self.labels else widgets.Textarea(placeholder="your answer")
        self.buttons: dict[str, Any] = {label: self._label_button(label) for label in self.labels}
        self.choices = widgets.Box(layout=widgets.Layout(flex_flow="row wrap"))
        self.save = self.button("save", self._answer_text, tooltip="write the answer and go on")
        self.refresh()

    def progress(self) -> str:
        """How far the work is, in a sentence."""
        return str(self.desk.progress())

    def refresh(self) -> None:
        """Show the current row and how far the work is."""
        row, progress = self.desk.current, self.desk.progress()
        self.bar.max, self.bar.value = max(progress.total, 1), progress.answered
        self.done.value = str(progress) if progress.waiting else ""
        under = [self.notice, widgets.HBox([self.bar, self.done])]
        if row is None:
            self.row.value = f"<p><strong>{html.escape(str(progress))}</strong></p>"
            # The last answer can be wrong too: its key for taking it back still works.
            keys = [self.field] if self.labels and progress.total else []
            self.box.children = [self.row, *keys, widgets.HBox([self.undo]), *under]
            return
        cells = "".join(cell(name, row[name]) for name in self.desk.task.inputs)
        self.row.value = f"<div style='font-size:120%;margin:.4em 0'>{cells}</div>"
        entry = [self.choices, self.field] if self.labels else [self.field, self.save]
        self.choices.children = [self.buttons[label] for label in self._offered()]
        self.box.children = [self.row, *entry, widgets.HBox([self.undo, self.skip]), *under]

    def pressed(self, key: str) -> None:
        """One key of the key field: a label's, undo or skip. Another one is told, not answered."""
        if key == UNDO:
            self.do(self.desk.undo)
        elif key == SKIP:
            self.do(self.desk.skip)
        elif key in self.keys:
            self.do(lambda: self.desk.answer(self.keys[key]))
        else:
            self.tell(f"{key!r} is no key; see the buttons")

    def _key_field(self) -> Any:
        hint = (
            "click here, then press keys"
            if self.keys
            else "type part of a label, Enter takes the first; u or s and Enter: undo, skip"
        )
        field = widgets.Text(placeholder=hint, continuous_update=True, layout=widgets.Layout(width="60%"))
        field.observe(self._typed, names="value")
        field.on_msg(self._entered)
        return field

    def _typed(self, change: Any) -> None:
        typed = change["new"]
        if not self.keys:
            self.choices.children = [self.buttons[label] for label in self._offered()]
        elif typed:
            self.field.value = ""
            # Two keys at once: the second was meant for a row that nobody has seen yet.
            if len(typed) == 1:
                self.pressed(typed.lower())
            else:
                self.tell(f"{typed!r} was more than one key; press them one by one")

    def _entered(self, _: Any, content: Any, __: Any) -> None:
        typed = self.field.value.strip()
        if content.get("event") != "submit" or self.keys or not typed:
            return
        self.field.value = ""
        if typed.lower() in (UNDO, SKIP):
            self.pressed(typed.lower())
        elif found := matching(self.labels, typed):
            self.do(lambda: self.desk.answer(found[0]))
        else:
            self.tell(f"no label holds {typed!r}")

    def _offered(self) -> list[str]:
        return self.labels if self.keys else matching(self.labels, self.field.value)[:SHOWN]

    def _label_button(self, label: str) -> Any:
        key = next((f"[{key}] " for key, name in self.keys.items() if name == label), "")
        about = self.desk.task.target.descriptions.get(label, label)
        return self.button(key + label, lambda: self.desk.answer(label), tooltip=about)

    def _answer_text(self) -> None:
        self.desk.answer(self.field.value)
        self.field.value = ""

    def do(self, act: Callable[[], object]) -> None:
        """As every desk; then the field has the focus again, so that the next key is taken."""
        super().do(act)
        self.field.focus()
