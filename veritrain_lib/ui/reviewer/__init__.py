"""Review widget for notebooks, in which people accept or reject a sample of the rows that the quality gate judged.

`reviewer` contains the logic (current row, accept, reject, comment, store), and `widgets` draws the user interface;
only the latter imports ipywidgets.
"""

from __future__ import annotations

from veritrain_lib.ui.reviewer.reviewer import Reviewer

__all__ = ["Reviewer"]
