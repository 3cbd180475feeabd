"""Annotation widget for notebooks, in which people label the rows that wait for an answer.

`annotator` contains the logic (current row, answer, skip, undo), `shortcuts` assigns a key to each label, and `widgets`
draws the user interface; only the last one imports ipywidgets.
"""

from __future__ import annotations

from veritrain_lib.ui.annotator.annotator import AnnotationProgress, Annotator

__all__ = ["AnnotationProgress", "Annotator"]
