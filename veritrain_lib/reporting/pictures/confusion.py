"""Heat map of a classifier's confusion matrix, limited to the labels with the most errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from veritrain_lib.reporting.pictures.canvas import (
    BLUE,
    INK,
    NORMAL,
    SMALL,
    VERMILLION,
    WIDTH,
    add_note,
    message_figure,
    new_plot,
)
from veritrain_lib.reporting.pictures.labels import shorten

if TYPE_CHECKING:
    import pandas as pd

    from veritrain_lib.reporting.pictures.drawing import Drawing

REST = "all others"


def confusion(matrix: pd.DataFrame, show: int = 20) -> Drawing:
    """Draw a classifier's confusion matrix: right answers in blue, errors in vermillion, larger shares darker.

    Args:
        matrix: counts of rows, with the expected labels as index and the answered labels as columns. The two
            may have different labels in any order; a missing label counts as 0.
        show: maximum number of labels to draw, those with the most errors; the others are summed up as one.

    Returns:
        The chart.
    """
    title = "Confusion: expected (rows) and answered (columns)"
    counts = _square(matrix)
    if counts.empty or counts.to_numpy().sum() == 0:
        return message_figure(title, "Nothing has been answered yet: evaluate a model first.")
    total_labels = len(counts)
    counts = _largest(counts, show)
    grid = counts.to_numpy(dtype=float)
    size, total = len(grid), grid.sum()
    right = float(counts.to_numpy().diagonal().sum()) if total_labels == size else _correct_count(matrix)
    alt = f"{title}. {right:,.0f} of {total:,.0f} answers are right."
    drawing, axes = new_plot(title, min(max(2.2 + 0.33 * size, 3.4), WIDTH), alt)
    _cells(axes, grid)
    names = [shorten(name, 26) for name in counts.index]
    axes.set_yticks(range(size), names, parse_math=False)
    axes.set_xticks(range(size), names, rotation=45, ha="right", rotation_mode="anchor", parse_math=False)
    axes.tick_params(labelsize=SMALL, length=0)
    axes.grid(False)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.set_ylabel("expected", fontsize=NORMAL)
    axes.set_xlabel("answered", fontsize=NORMAL)
    add_note(
        drawing,
        f"{total_labels - size + 1} labels with fewer errors are summed up as '{REST}'"
        if total_labels > size
        else "",
    )
    drawing.apply_fonts()
    return drawing


def _square(matrix: pd.DataFrame) -> pd.DataFrame:
    labels = sorted({str(label) for label in [*matrix.index, *matrix.columns]})
    named = matrix.rename(index=str, columns=str)
    return named.reindex(index=labels, columns=labels).fillna(0)


def _correct_count(matrix: pd.DataFrame) -> float:
    return float(_square(matrix).to_numpy(dtype=float).diagonal().sum())


def _largest(counts: pd.DataFrame, show: int) -> pd.DataFrame:
    """Keep the labels with the most errors, as expected or as answered label, and sum up all others as one."""
    if len(counts) <= show:
        return counts
    import numpy as np
    import pandas as pd

    grid = counts.to_numpy(dtype=float)
    errors = grid.sum(axis=0) + grid.sum(axis=1) - 2 * grid.diagonal()
    kept = sorted(np.argsort(-errors, kind="stable")[: show - 1].tolist())
    positions = {label: position for position, label in enumerate(kept)}
    membership = np.zeros((len(kept) + 1, len(counts)))
    for label in range(len(counts)):
        membership[positions.get(label, len(kept)), label] = 1
    names = [*(counts.index[label] for label in kept), REST]
    return pd.DataFrame(membership @ grid @ membership.T, index=names, columns=names)


def _cells(axes: object, grid: object) -> None:
    import numpy as np
    from matplotlib.axes import Axes
    from matplotlib.colors import LinearSegmentedColormap

    assert isinstance(axes, Axes)
    values = np.asarray(grid, dtype=float)
    sums = values.sum(axis=1, keepdims=True)
    share = np.divide(values, sums, out=np.zeros_like(values), where=sums > 0)
    right = np.eye(len(values), dtype=bool)
    for mask, colour in ((~right, BLUE), (right, VERMILLION)):
        shades = LinearSegmentedColormap.from_list("shades", ["#ffffff", colour])
        # Errors are rarer than right answers: their scale ends at a third of a row.
        top = 1.0 if colour == BLUE else 1 / 3
        axes.imshow(np.ma.array(share, mask=mask), cmap=shades, vmin=0, vmax=top, aspect="auto")
    for (row, column), value in np.ndenumerate(values):
        if value:
            dark = share[row, column] > (0.6 if row == column else 0.22)
            axes.text(
                column, row, f"{value:,.0f}", ha="center", va="center", fontsize=SMALL,
                color="white" if dark else INK,
            )  # fmt: skip
