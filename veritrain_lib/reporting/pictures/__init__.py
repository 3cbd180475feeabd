"""The drawings, one a file. Each takes a plain DataFrame and gives a figure; none touches pyplot.

A frame without rows gives a picture that says what is missing; a frame without a needed column is refused.
Beside a title each drawing has `alt`, what it shows in words. Importing this loads no matplotlib.

`python -m veritrain_lib.reporting.pictures docs/loop.svg` writes the picture of the README.
"""

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
