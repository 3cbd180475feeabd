"""Overview of the state of a task, read from MLflow. No stage is run, and the held-out test set is not read.

`overview(task)` is the entry point. `task_state` builds the table, `last_round` summarizes the last round for the
picture of the improvement loop, and `links` lists the runs with their notebooks and pages.
"""

from __future__ import annotations

from veritrain_lib.ui.overview.task_state import TaskOverview, overview

__all__ = ["TaskOverview", "overview"]
