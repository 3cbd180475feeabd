"""What a drawing says, read from the drawn figure: texts, what is cut, what overlaps."""

from itertools import combinations

from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox


def texts(figure: Figure) -> list[str]:
    """Every text that is drawn."""
    figure.canvas.draw()
    return [text.get_text() for text in _drawn(figure)]


def cut(figure: Figure) -> list[str]:
    """Texts that reach over the edge of the picture."""
    figure.canvas.draw()
    page = figure.bbox
    return [
        text.get_text()
        for text in _drawn(figure)
        for box in [text.get_window_extent()]
        if box.x0 < page.x0 - 1 or box.y0 < page.y0 - 1 or box.x1 > page.x1 + 1 or box.y1 > page.y1 + 1
    ]


def overlaps(figure: Figure) -> list[tuple[str, str]]:
    """Pairs of upright texts that lie over each other by more than a pixel."""
    figure.canvas.draw()
    boxes = [
        (text.get_text(), text.get_window_extent()) for text in _drawn(figure) if not text.get_rotation()
    ]
    return [
        (one, other)
        for (one, first), (other, second) in combinations(boxes, 2)
        if (shared := Bbox.intersection(first, second)) is not None and shared.width > 1 and shared.height > 1
    ]


def smallest(figure: Figure) -> float:
    """Points of the smallest letter."""
    figure.canvas.draw()
    return min(float(text.get_fontsize()) for text in _drawn(figure))


def _drawn(figure: Figure) -> list[Text]:
    found = [text for text in figure.findobj(Text) if isinstance(text, Text)]
    return [text for text in found if text.get_visible() and text.get_text().strip() and _inside_view(text)]


def _inside_view(text: Text) -> bool:
    # Ticks outside the limits exist but are not drawn.
    axes = text.axes
    if axes is None:
        return True
    if not axes.axison and text not in axes.texts:
        return False
    for axis in (axes.xaxis, axes.yaxis):
        labels = [label for tick in axis.get_major_ticks() for label in (tick.label1, tick.label2)]
        if text in labels:
            low, high = sorted(axis.get_view_interval())
            drawn = [tick for tick in axis.get_major_ticks() if low - 1e-9 <= tick.get_loc() <= high + 1e-9]
            return any(text is tick.label1 for tick in drawn)
    return True
