"""Comparison of models side by side on development rows. The held-out test set is not read, and no model is promoted.

`compare(task, models)` is the entry point. `side` measures one model, `comparison` builds the tables, and `picture`
draws the chart.
"""

from __future__ import annotations

from veritrain_lib.ui.compare.comparison import ModelComparison, compare

__all__ = ["ModelComparison", "compare"]
