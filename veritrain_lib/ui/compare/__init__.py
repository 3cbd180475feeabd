"""Models side by side on development rows. Nothing is promoted here, and the sealed set stays closed.

`compare(task, models)` is the way in. `side` measures one model, `comparison` sets the sides into tables,
`picture` draws them.
"""

from __future__ import annotations

from veritrain_lib.ui.compare.comparison import Comparison, compare

__all__ = ["Comparison", "compare"]
