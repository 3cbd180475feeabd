"""Widgets of the annotation tool: the row, a button for each label, a text field for keys, and a progress bar.

JupyterLab sends key presses to a kernel only through a text field, which sends its text at each keystroke. A single
character that is the key of a label therefore answers at once, and the field is cleared. The user clicks into the field
once; it keeps the focus. If there are more labels than keys, the user types a part of a label: the buttons are
filtered, and Enter takes the first.
"""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import ipywidgets as widgets

from veritrain_lib.core.rows import NONE_OF_THESE
from veritrain_lib.ui.annotator.shortcuts import NONE, SKIP, UNDO, assign_shortcuts, find_labels
from veritrain_lib.ui.widget_base import WidgetBase, cell

if TYPE_CHECKING:
    from veritrain_lib.ui.annotator.annotator import Annotator

MAX_BUTTONS = 33
"""Maximum number of label buttons that are shown at once if there are more labels than keys."""


def create_view(annotator: Annotator) -> AnnotatorView:
    """Return the widgets that show an annotator in a notebook."""
    return AnnotatorView(annotator)


class AnnotatorView(WidgetBase):
    """Widgets of the annotation tool in a notebook; each event calls a method of the `Annotator`."""

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
        self.none = self.button(
            f"[{NONE}] {NONE_OF_THESE}",
            lambda: self.annotator.answer(NONE_OF_THESE),
            tooltip="no label fits this row",
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
        actions = [self.undo, self.skip, *([self.none] if self._has_none else [])]
        self.choices.children = [self.buttons[label] for label in self._visible_labels()]
        self.box.children = [self.row, *entry, widgets.HBox(actions), *below]

    def press_key(self, key: str) -> None:
        """Handle one key: answer with the label of the key, undo, or skip; for any other key show a message."""
        if key == UNDO:
            self.run_action(self.annotator.undo)
        elif key == SKIP:
            self.run_action(self.annotator.skip)
        elif key == NONE and self._has_none:
            self.run_action(lambda: self.annotator.answer(NONE_OF_THESE))
        elif key in self.keys:
            self.run_action(lambda: self.annotator.answer(self.keys[key]))
        else:
            self.show_message(f"{key!r} is not a shortcut key; see the buttons")

    def _key_field(self) -> Any:
        """Return the text field that takes keys or a typed part of a label."""
        hint = (
            "click here, then press keys"
            if self.keys
            else "type part of a label, Enter takes the first; u, s or 0 and Enter: undo, skip, none of these"
        )
        field = widgets.Text(placeholder=hint, continuous_update=True, layout=widgets.Layout(width="60%"))
        field.observe(self._on_text_change, names="value")
        field.on_msg(self._on_message)
        return field

    def _on_text_change(self, change: Any) -> None:
        """Handle a keystroke in the text field.

        If labels have keys, a single character is taken as a key; otherwise the buttons are filtered by the typed text.
        """
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
        """Handle Enter in the text field if labels have no keys: undo, skip, or answer with the first match."""
        typed = self.field.value.strip()
        if content.get("event") != "submit" or self.keys or not typed:
            return
        self.field.value = ""
        if typed.lower() in (UNDO, SKIP, *([NONE] if self._has_none else [])):
            self.press_key(typed.lower())
        elif matches := find_labels(self.labels, typed):
            self.run_action(lambda: self.annotator.answer(matches[0]))
        else:
            self.show_message(f"no label contains {typed!r}")

    @property
    def _has_none(self) -> bool:
        """Whether a person may answer that no label fits: in every task with labels, unless one is called so."""
        return bool(self.labels) and NONE_OF_THESE not in self.labels

    def _visible_labels(self) -> list[str]:
        """Return the labels whose buttons are shown: all, or those containing the typed text if labels have no keys."""
        return self.labels if self.keys else find_labels(self.labels, self.field.value)[:MAX_BUTTONS]

    def _label_button(self, label: str) -> Any:
        """Return the button of a label, with its key and the label's description as a tooltip."""
        key = next((f"[{key}] " for key, name in self.keys.items() if name == label), "")
        description = self.annotator.task.target.descriptions.get(label, label)
        return self.button(key + label, lambda: self.annotator.answer(label), tooltip=description)

    def _answer_text(self) -> None:
        """Save the typed text as the answer, for a task without labels."""
        self.annotator.answer(self.field.value)
        self.field.value = ""

    def run_action(self, action: Callable[[], object]) -> None:
        """Run an action of the annotation tool, then focus the text field again, so that it takes the next key."""
        super().run_action(action)
        self.field.focus()
