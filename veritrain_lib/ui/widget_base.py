"""Base class of the annotation and review widgets: the shown row, buttons, a progress bar and a message line."""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import Any

import ipywidgets as widgets

from veritrain_lib.core.errors import UserError


class WidgetBase:
    """Base class of the annotation and the review widget, built of ipywidgets.

    Attributes:
        row: HTML of the current row.
        notice: Message line, which shows errors.
        bar: Progress bar.
        box: Container of all widgets.
    """

    def __init__(self) -> None:
        self.row = widgets.HTML()
        self.notice = widgets.HTML()
        self.bar = widgets.IntProgress(min=0, layout=widgets.Layout(width="60%"))
        self.box = widgets.VBox()

    def progress(self) -> str:
        """Return the progress of the annotation or review as a sentence; each subclass defines it."""
        raise NotImplementedError

    def refresh(self) -> None:
        """Show the current row and the progress; each subclass defines it."""
        raise NotImplementedError

    def mimebundle(self, **options: Any) -> Any:
        """Return the widgets in Jupyter's display format, with a sentence for exported pages, which have no widgets."""
        bundle = self.box._repr_mimebundle_(**options)
        data, metadata = bundle if isinstance(bundle, tuple) else (bundle, {})
        return data | {"text/html": f"<p>{html.escape(self.progress())}</p>"}, metadata

    def button(self, text: str, action: Callable[[], object], **options: str) -> Any:
        """Return a button that runs an action when it is clicked.

        Args:
            text: Text on the button.
            action: Function without arguments. If it raises a `UserError`, its message is shown.
            **options: Further arguments of `ipywidgets.Button`.
        """
        button = widgets.Button(description=text, layout=widgets.Layout(width="auto"), **options)
        button.on_click(lambda _: self.run_action(action))
        return button

    def run_action(self, action: Callable[[], object]) -> None:
        """Run an action, show the message of a `UserError` if it raises one, and refresh the widgets."""
        self.show_message("")
        try:
            action()
        except UserError as error:
            self.show_message(str(error))
        self.refresh()

    def show_message(self, text: str) -> None:
        """Show a message below the row; an empty text removes it."""
        self.notice.value = f"<p role='status'>{html.escape(text)}</p>" if text else ""


def cell(name: str, value: str) -> str:
    """Return one field of a row (its name above its value) as escaped HTML."""
    shown = html.escape(value)
    return f"<p><small>{html.escape(name)}</small><br><span dir='auto' style='white-space:pre-wrap'>{shown}</span></p>"
