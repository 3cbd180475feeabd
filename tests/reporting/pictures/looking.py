"""What a drawing says, read from the drawn figure: texts, what is cut, what overlaps."""

from collections.abc import Iterator
from itertools import combinations

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox


def texts(figure: Figure) -> list[str]:
    """Every text that is drawn."""
    figure.canvas.draw()
    return [text.get_text() for text in _drawn(figure)]


def cut(figure: Figure) -> list[str]:
    """Texts of a drawn figure that reach over the edge of the picture."""
    page = figure.bbox
    return [
        text.get_text()
        for text in _drawn(figure)
        for box in [text.get_window_extent()]
        if box.x0 < page.x0 - 1 or box.y0 < page.y0 - 1 or box.x1 > page.x1 + 1 or box.y1 > page.y1 + 1
    ]


def overlaps(figure: Figure) -> list[tuple[str, str]]:
    """Pairs of upright texts of a drawn figure that lie over each other by more than a pixel."""
    boxes = [
        (text.get_text(), text.get_window_extent()) for text in _drawn(figure) if not text.get_rotation()
    ]
    return [
        (one, other)
        for (one, first), (other, second) in combinations(boxes, 2)
        if (shared := Bbox.intersection(first, second)) is not None and shared.width > 1 and shared.height > 1
    ]


def smallest(figure: Figure) -> float:
    """Points of the smallest letter of a drawn figure."""
    return min(float(text.get_fontsize()) for text in _drawn(figure))


def _drawn(figure: Figure) -> list[Text]:
    hidden = {text for axes in figure.axes for text in _not_drawn(axes)}
    found = [text for text in figure.findobj(Text) if isinstance(text, Text) and text not in hidden]
    return [text for text in found if text.get_visible() and text.get_text().strip()]


def _not_drawn(axes: Axes) -> Iterator[Text]:
    """Labels of spare ticks and of ticks beyond the limits, which exist but are never drawn."""
    for axis in (axes.xaxis, axes.yaxis):
        shown = set(axis._update_ticks()) if axes.axison else set()
        for tick in [*axis.majorTicks, *axis.minorTicks]:
            if tick not in shown:
                yield from (tick.label1, tick.label2)
        if not axes.axison:
            yield axis.label
