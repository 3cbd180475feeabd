"""The desk at which people answer the rows that wait for them, in a notebook.

`desk` is the work: which row, answer, undo, skip. `keys` gives each label a key. `widgets` is what a person
sees; the only module that knows ipywidgets.
"""

from __future__ import annotations

from veritrain_lib.ui.annotator.annotator import LabellingDesk, Progress

__all__ = ["LabellingDesk", "Progress"]
