"""The drawings, one a file. Each takes a plain DataFrame and gives a figure; none touches pyplot.

A frame without rows gives a picture that says what is missing; a frame without a needed column is refused.
Beside a title each drawing has `alt`, what it shows in words. Importing this loads no matplotlib.

`python -m veritrain_lib.reporting.pictures docs/loop.svg` writes the picture of the README.
"""

from .confused_pairs import confused_pairs
from .confusion import confusion
from .copies import copies
from .label_counts import label_counts
from .learning_curve import learning_curve
from .loop import loop
from .plan import plan
from .rates import rates
from .removed import removed
from .slice_changes import slice_changes
from .uncertainty import uncertainty

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
