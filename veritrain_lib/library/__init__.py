"""The functions that `import veritrain_lib as vt` offers; docs/library.md shows them in ten lines.

- `data`: load a task, open a dataset, judge it by a suite
- `training`: train on rows that passed
- `models`: predict, probe and compare models, find the champion
- `record`: overview and report of a task, and the loop, which all read or write the record in MLflow

What `data`, `training` and `models` do is filed nowhere, except by `evaluate(..., look=True)`: a look at the held-out test set counts.
"""

from __future__ import annotations

from veritrain_lib.library.data import gate, load_task, open_dataset
from veritrain_lib.library.models import champion, evaluate, predict, probe
from veritrain_lib.library.record import overview, report, run_loop
from veritrain_lib.library.training import train

__all__ = [
    "champion", "evaluate", "gate", "load_task", "open_dataset", "overview", "predict", "probe", "report", "run_loop", "train",
]  # fmt: skip
