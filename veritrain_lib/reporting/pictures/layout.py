"""Where the plots of a picture lie: as matplotlib's constrained layout puts them, with less measuring."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure


@contextmanager
def steady_ticks(figure: Figure) -> Iterator[None]:
    """While it holds, the ticks of an axis are found and measured once for each place that its plot is put to.

    matplotlib does it again for every question: three times a pass of the layout, and twice when it draws.
    """
    steadied = [axis for axes in figure.axes for axis in (axes.xaxis, axes.yaxis)]
    for axis in steadied:
        for name in ("_update_ticks", "_get_ticklabel_bboxes"):
            setattr(axis, name, partial(_while_unmoved, axis, getattr(axis, name), []))
    try:
        yield
    finally:
        for axis in steadied:
            for name in ("_update_ticks", "_get_ticklabel_bboxes"):
                delattr(axis, name)


def _while_unmoved(axis: Axis, find: Callable[..., Any], found: list[Any], *given: Any) -> Any:
    axes: Axes = axis.axes
    place = axes.bbox.bounds, tuple(axis.get_view_interval()), axes.figure.dpi
    if not found or found[0] != place:
        found[:] = place, find(*given)
    return found[1]
