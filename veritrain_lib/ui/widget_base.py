"""What the desks for labels and for reviews show alike: a row's cells, buttons, a line that says what went wrong."""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import Any

import ipywidgets as widgets

from veritrain_lib.core.errors import UserError


class DeskView:
    """The widgets of a desk, in `box`; what can't be done is told in `notice`."""

    def __init__(self) -> None:
        self.row = widgets.HTML()
        self.notice = widgets.HTML()
        self.bar = widgets.IntProgress(min=0, layout=widgets.Layout(width="60%"))
        self.box = widgets.VBox()

    def progress(self) -> str:
        """How far the work is, in a sentence."""
        raise NotImplementedError

    def refresh(self) -> None:
        """Show the current row and how far the work is."""
        raise NotImplementedError

    def bundle(self, **options: Any) -> Any:
        """What JupyterLab shows: the widgets, or a sentence where there are none (an exported page)."""
        found = self.box._repr_mimebundle_(**options)
        data, meta = found if isinstance(found, tuple) else (found, {})
        return data | {"text/html": f"<p>{html.escape(self.progress())}</p>"}, meta

    def button(self, text: str, act: Callable[[], object], **look: str) -> Any:
        """A button that does something, and tells why where it can't."""
        made = widgets.Button(description=text, layout=widgets.Layout(width="auto"), **look)
        made.on_click(lambda _: self.do(act))
        return made

    def do(self, act: Callable[[], object]) -> None:
        """Do something of the desk's, and show what it has become."""
        self.tell("")
        try:
            act()
        except UserError as error:
            self.tell(str(error))
        self.refresh()

    def tell(self, text: str) -> None:
        """Say something under the row; nothing takes back what was said."""
        self.notice.value = f"<p role='status'>{html.escape(text)}</p>" if text else ""


def cell(name: str, value: str) -> str:
    """A field of a row, for reading."""
    shown = html.escape(value)
    return f"<p><small>{html.escape(name)}</small><br><span dir='auto' style='white-space:pre-wrap'>{shown}</span></p>"
