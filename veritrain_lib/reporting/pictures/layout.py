"""Faster constrained layout: measurements of matplotlib axes are cached while a figure is drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

MEASURE_METHOD = "get_tightbbox"


@contextmanager
def cached_measurements(figure: Figure) -> Iterator[None]:
    """Cache the ticks of every axis per position of its axes, and the decorations around the axes, in the context.

    matplotlib computes ticks again for every query: three times per layout pass, and twice when it draws. It also makes
    two passes, because the decorations around the axes may change when the axes move; in our charts they hardly do.
    """
    cached_axes = [axis for axes in figure.axes for axis in (axes.xaxis, axes.yaxis)]
    for axis in cached_axes:
        for name in ("_update_ticks", "_get_ticklabel_bboxes"):
            setattr(axis, name, partial(_cached_by_position, axis, getattr(axis, name), []))
    for axes in figure.axes:
        setattr(axes, MEASURE_METHOD, partial(_measured_once, axes, axes.get_tightbbox, []))
    try:
        yield
    finally:
        for axes in figure.axes:
            delattr(axes, MEASURE_METHOD)
        for axis in cached_axes:
            for name in ("_update_ticks", "_get_ticklabel_bboxes"):
                delattr(axis, name)


def _cached_by_position(axis: Axis, compute: Callable[..., Any], cache: list[Any], *args: Any) -> Any:
    axes: Axes = axis.axes
    key = axes.bbox.bounds, tuple(axis.get_view_interval()), axes.figure.dpi
    if not cache or cache[0] != key:
        cache[:] = key, compute(*args)
    return cache[1]


def _measured_once(
    axes: Axes, measure: Callable[..., Bbox | None], margins: list[Any], *args: Any, **kwargs: Any
) -> Bbox | None:
    """Return the bounding box of axes with their decorations, in pixels."""
    if not kwargs.get("for_layout_only"):
        return measure(*args, **kwargs)
    if not margins:
        box = measure(*args, **kwargs)
        if box is None:
            return None
        margins[:] = [edge - inner for edge, inner in zip(box.extents, axes.bbox.extents, strict=True)]
    return Bbox.from_extents(
        *(inner + margin for inner, margin in zip(axes.bbox.extents, margins, strict=True))
    )
