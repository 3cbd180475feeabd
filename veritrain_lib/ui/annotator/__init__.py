"""Annotation widget for notebooks: people label the rows that are waiting for an answer.

`annotator` holds the logic (current row, answer, undo, skip), `shortcuts` assigns a key to each label, and
`widgets` draws the user interface; it is the only module here that imports ipywidgets.
"""

from __future__ import annotations

from veritrain_lib.ui.annotator.annotator import AnnotationProgress, Annotator

__all__ = ["AnnotationProgress", "Annotator"]
