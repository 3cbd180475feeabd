"""Texts that are remembered measure and look as matplotlib's own."""

from typing import Any

import numpy as np
import pytest
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.font_manager import FontProperties
from matplotlib.text import Text

from veritrain_lib.fast import glyph_cache
from veritrain_lib.fast.text_canvas import Renderer
from veritrain_lib.fonts.bundled import FAMILIES
from veritrain_lib.reporting.pictures.drawing import Drawing

TEXTS = [
    "rule_number_12",
    "10 %",
    "label=請求書の間違い_3",
    "AVATAR To. fi ffl",
    "+0.5 → 1",
    "日本 ",
    " ",
    "é́",
]


def renderers(width: int, height: int, dpi: float) -> tuple[Any, Any]:
    """Ours and matplotlib's, which is untyped."""
    untyped: Any = RendererAgg
    ours: Any = Renderer
    return ours(width, height, dpi), untyped(width, height, dpi)


def opaque(renderer: Any) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """How much of each pixel is drawn over."""
    return np.asarray(renderer.buffer_rgba())[:, :, 3]


def properties(size: float = 10, weight: str = "normal") -> FontProperties:
    Drawing(1, 1, "registers the typefaces")
    return FontProperties(family=list(FAMILIES), size=size, weight=weight)


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize(("size", "weight"), [(9, "normal"), (10, "normal"), (12.5, "bold")])
def test_a_text_measures_as_in_matplotlib(text: str, size: float, weight: str) -> None:
    given = (text, properties(size, weight), False)
    own, plain = renderers(300, 60, 200)
    for _ in range(2):  # the second time from memory
        assert own.get_text_width_height_descent(*given) == plain.get_text_width_height_descent(*given)


def test_a_line_is_as_high_as_in_matplotlib() -> None:
    drawing = Drawing(3, 1, "")
    one = drawing.text(0.1, 0.5, "two\nlines", fontproperties=properties())
    assert isinstance(one, Text)
    own, plain = (
        one._get_layout(renderer)[0].bounds  # type: ignore[attr-defined]
        for renderer in renderers(300, 100, 100)
    )
    assert own == pytest.approx(plain)


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_that_begins_at_a_whole_pixel_looks_as_in_matplotlib(text: str) -> None:
    pixels = []
    for renderer in renderers(400, 60, 200):
        context = renderer.new_gc()
        renderer.draw_text(context, 12, 40, text, properties(), 0)
        pixels.append(opaque(renderer).astype(int))
    # Kerned letters may stand an eighth of a pixel elsewhere.
    assert np.abs(pixels[0] - pixels[1]).max() < 255 / 8 + 8


@pytest.mark.parametrize("angle", [45, 90])
def test_turned_texts_are_left_to_matplotlib(angle: int) -> None:
    pixels = []
    for renderer in renderers(200, 200, 200):
        renderer.draw_text(renderer.new_gc(), 50.3, 150.2, "turned", properties(), angle)
        pixels.append(opaque(renderer))
    assert (pixels[0] == pixels[1]).all()


def test_other_typefaces_are_left_to_matplotlib() -> None:
    assert not glyph_cache.is_cached(FontProperties())
    assert not glyph_cache.is_cached(FontProperties(family=["DejaVu Sans"]))


def test_memory_begins_anew_when_it_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(glyph_cache, "MAX_ENTRIES", 3)
    memory: dict[object, int] = {}
    assert [glyph_cache._cached(memory, at, lambda at=at: at) for at in range(5)] == list(range(5))  # type: ignore[misc]
    assert len(memory) <= 3
