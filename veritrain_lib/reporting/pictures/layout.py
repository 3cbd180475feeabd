"""Where the plots of a picture lie: as matplotlib's constrained layout puts them, with less measuring."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

MEASURE = "get_tightbbox"


@contextmanager
def steady_ticks(figure: Figure) -> Iterator[None]:
    """While it holds, the ticks of an axis are found and measured once for each place that its plot is put to, and
    what stands around a plot is measured once.

    matplotlib finds ticks again for every question: three times a pass of the layout, and twice when it draws. And
    it makes two passes, since what stands around a plot may change when the plot is moved; of ours it hardly does.
    """
    steadied = [axis for axes in figure.axes for axis in (axes.xaxis, axes.yaxis)]
    for axis in steadied:
        for name in ("_update_ticks", "_get_ticklabel_bboxes"):
            setattr(axis, name, partial(_while_unmoved, axis, getattr(axis, name), []))
    for axes in figure.axes:
        setattr(axes, MEASURE, partial(_measured_once, axes, axes.get_tightbbox, []))
    try:
        yield
    finally:
        for axes in figure.axes:
            delattr(axes, MEASURE)
        for axis in steadied:
            for name in ("_update_ticks", "_get_ticklabel_bboxes"):
                delattr(axis, name)


def _while_unmoved(axis: Axis, find: Callable[..., Any], found: list[Any], *given: Any) -> Any:
    axes: Axes = axis.axes
    place = axes.bbox.bounds, tuple(axis.get_view_interval()), axes.figure.dpi
    if not found or found[0] != place:
        found[:] = place, find(*given)
    return found[1]


def _measured_once(
    axes: Axes, measure: Callable[..., Bbox | None], around: list[Any], *given: Any, **named: Any
) -> Bbox | None:
    """The box of a plot with all that stands around it, in pixels."""
    if not named.get("for_layout_only"):
        return measure(*given, **named)
    if not around:
        box = measure(*given, **named)
        if box is None:
            return None
        around[:] = [edge - inner for edge, inner in zip(box.extents, axes.bbox.extents, strict=True)]
    return Bbox.from_extents(*(inner + more for inner, more in zip(axes.bbox.extents, around, strict=True)))
