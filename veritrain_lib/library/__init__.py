"""Functions of `import veritrain_lib as vt`, for scripts and notebooks; docs/library.md shows them in ten lines.

- `data`: load a task, open a dataset, judge it by a gate suite
- `training`: train on rows that passed the gate
- `models`: predict, probe and compare models, find the champion
- `record`: overview and report of a task, and the loop; these read and write MLflow

The functions of `data`, `training` and `models` store nothing in MLflow, except `evaluate(..., look=True)`: an
evaluation on the held-out test set is always counted.
"""

from __future__ import annotations

from veritrain_lib.library.data import gate, load_task, open_dataset
from veritrain_lib.library.models import champion, evaluate, predict, probe
from veritrain_lib.library.record import overview, report, run_loop
from veritrain_lib.library.training import train

__all__ = [
    "champion", "evaluate", "gate", "load_task", "open_dataset", "overview", "predict", "probe", "report", "run_loop", "train",
]  # fmt: skip
