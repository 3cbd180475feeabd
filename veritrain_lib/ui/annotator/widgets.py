"""User interface of the annotator: the row, one button per label, a field for shortcut keys and a progress bar.

JupyterLab gives no key events to a kernel. A text field does: it sends its text at every keystroke, so a
single character that is a label's key answers at once and the field is cleared again. Click into it once; it
keeps the focus. With more labels than keys, type part of a name: the buttons are filtered, and Enter takes the
first.
"""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from veritrain_lib.ui.annotator.shortcuts import SKIP, UNDO, assign_shortcuts, find_labels
from veritrain_lib.ui.widget_base import WidgetBase, cell

if TYPE_CHECKING:
    from veritrain_lib.ui.annotator.annotator import Annotator

MAX_BUTTONS = 33
"""Label buttons shown at once; more are hard to search by eye."""


def create_view(annotator: Annotator) -> AnnotatorView:
    """Return the widgets of an annotator."""
    return AnnotatorView(annotator)


class AnnotatorView(WidgetBase):
    """Widgets of one annotator; every event calls a method of the `Annotator`."""

    def __init__(self, annotator: Annotator) -> None:
        super().__init__()
        self.annotator = annotator
        self.labels = annotator.task.labels
        self.keys = assign_shortcuts(self.labels)
        self.progress_label = widgets.Label()
        self.undo = self.button(
            f"[{UNDO}] undo", lambda: self.annotator.undo(), tooltip="undo the last answer"
        )
        self.skip = self.button(
            f"[{SKIP}] skip", lambda: self.annotator.skip(), tooltip="leave this row for later"
        )
        self.field: Any = self._key_field() if self.labels else widgets.Textarea(placeholder="your answer")
        self.buttons: dict[str, Any] = {label: self._label_button(label) for label in self.labels}
        self.choices = widgets.Box(layout=widgets.Layout(flex_flow="row wrap"))
        self.save = self.button("save", self._answer_text, tooltip="save the answer and go on")
        self.refresh()

    def progress(self) -> str:
        """Return the progress of the annotation as a sentence."""
        return str(self.annotator.progress())

    def refresh(self) -> None:
        """Show the current row and the progress of the annotation."""
        row, progress = self.annotator.current, self.annotator.progress()
        self.bar.max, self.bar.value = max(progress.total, 1), progress.answered
        self.progress_label.value = str(progress) if progress.waiting else ""
        below = [self.notice, widgets.HBox([self.bar, self.progress_label])]
        if row is None:
            self.row.value = f"<p><strong>{html.escape(str(progress))}</strong></p>"
            # The last answer can be wrong too: the undo key still works.
            keys = [self.field] if self.labels and progress.total else []
            self.box.children = [self.row, *keys, widgets.HBox([self.undo]), *below]
            return
        cells = "".join(cell(name, row[name]) for name in self.annotator.task.inputs)
        self.row.value = f"<div style='font-size:120%;margin:.4em 0'>{cells}</div>"
        entry = [self.choices, self.field] if self.labels else [self.field, self.save]
        self.choices.children = [self.buttons[label] for label in self._visible_labels()]
        self.box.children = [self.row, *entry, widgets.HBox([self.undo, self.skip]), *below]

    def press_key(self, key: str) -> None:
        """Handle one key: a label's key, undo or skip; an unknown key shows a message and changes nothing."""
        if key == UNDO:
            self.run_action(self.annotator.undo)
        elif key == SKIP:
            self.run_action(self.annotator.skip)
        elif key in self.keys:
            self.run_action(lambda: self.annotator.answer(self.keys[key]))
        else:
            self.show_message(f"{key!r} is not a shortcut key; see the buttons")

    def _key_field(self) -> Any:
        hint = (
            "click here, then press keys"
            if self.keys
            else "type part of a label, Enter takes the first; u or s and Enter: undo, skip"
        )
        field = widgets.Text(placeholder=hint, continuous_update=True, layout=widgets.Layout(width="60%"))
        field.observe(self._on_text_change, names="value")
        field.on_msg(self._on_message)
        return field

    def _on_text_change(self, change: Any) -> None:
        typed = change["new"]
        if not self.keys:
            self.choices.children = [self.buttons[label] for label in self._visible_labels()]
        elif typed:
            self.field.value = ""
            # Two keys at once: the second was meant for a row that nobody has seen yet.
            if len(typed) == 1:
                self.press_key(typed.lower())
            else:
                self.show_message(f"{typed!r} was more than one key; press them one by one")

    def _on_message(self, _: Any, content: Any, __: Any) -> None:
        typed = self.field.value.strip()
        if content.get("event") != "submit" or self.keys or not typed:
            return
        self.field.value = ""
        if typed.lower() in (UNDO, SKIP):
            self.press_key(typed.lower())
        elif matches := find_labels(self.labels, typed):
            self.run_action(lambda: self.annotator.answer(matches[0]))
        else:
            self.show_message(f"no label contains {typed!r}")

    def _visible_labels(self) -> list[str]:
        return self.labels if self.keys else find_labels(self.labels, self.field.value)[:MAX_BUTTONS]

    def _label_button(self, label: str) -> Any:
        key = next((f"[{key}] " for key, name in self.keys.items() if name == label), "")
        description = self.annotator.task.target.descriptions.get(label, label)
        return self.button(key + label, lambda: self.annotator.answer(label), tooltip=description)

    def _answer_text(self) -> None:
        self.annotator.answer(self.field.value)
        self.field.value = ""

    def run_action(self, action: Callable[[], object]) -> None:
        """Run an action, then give the field the focus again, so that it takes the next key."""
        super().run_action(action)
        self.field.focus()
