"""The desk at which people review a sample of a gate's rows, in a notebook.

`desk` is the work: which row, accept, reject, comment, store. `widgets` is what a person sees; only it knows ipywidgets.
"""

from __future__ import annotations

from veritrain_lib.ui.reviewer.reviewer import ReviewDesk

__all__ = ["ReviewDesk"]
