"""Review widget for notebooks: people accept or reject a sample of the rows that a gate has judged.

`reviewer` holds the logic (current row, accept, reject, comment, store), and `widgets` draws the user interface;
it is the only module here that imports ipywidgets.
"""

from __future__ import annotations

from veritrain_lib.ui.reviewer.reviewer import Reviewer

__all__ = ["Reviewer"]
