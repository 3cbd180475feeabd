"""Where a task stands, read from the record. Nothing is run, trained or opened for it.

`overview(task)` is the way in. `standing` is the state as a table, `last_trip` the last round in a few words
for the picture of the loop, `links` the way to the runs, notebooks and pages.
"""

from __future__ import annotations

from veritrain_lib.ui.overview.task_state import Overview, overview

__all__ = ["Overview", "overview"]
