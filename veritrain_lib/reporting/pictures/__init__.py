"""Charts of reports and notebooks, one per file; each function takes a DataFrame and returns a figure.

A frame without rows gives a figure that says which data are missing; a frame without a required column raises
an error. Every figure has a title and an alternative text (`alt`). Importing this package does not load
matplotlib.

`python -m veritrain_lib.reporting.pictures docs/loop.svg` writes the diagram of the loop in the README.
"""

from veritrain_lib.reporting.pictures.arms import arms
from veritrain_lib.reporting.pictures.confused_pairs import confused_pairs
from veritrain_lib.reporting.pictures.confusion import confusion
from veritrain_lib.reporting.pictures.copies import copies
from veritrain_lib.reporting.pictures.label_counts import label_counts
from veritrain_lib.reporting.pictures.learning_curve import learning_curve
from veritrain_lib.reporting.pictures.loop import loop
from veritrain_lib.reporting.pictures.plan import plan
from veritrain_lib.reporting.pictures.rates import rates
from veritrain_lib.reporting.pictures.removed import removed
from veritrain_lib.reporting.pictures.slice_changes import slice_changes
from veritrain_lib.reporting.pictures.uncertainty import uncertainty

__all__ = [
    "arms",
    "confused_pairs",
    "confusion",
    "copies",
    "label_counts",
    "learning_curve",
    "loop",
    "plan",
    "rates",
    "removed",
    "slice_changes",
    "uncertainty",
]
