"""matplotlib's canvas of pixels, with a quicker way to texts in our typefaces."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg

from veritrain_lib.reporting import glyph_cache

if TYPE_CHECKING:
    from matplotlib.backend_bases import GraphicsContextBase
    from matplotlib.font_manager import FontProperties
    from matplotlib.text import Text


class Renderer(RendererAgg):
    """matplotlib's, but level texts in our typefaces are measured and drawn from what is remembered of them.

    They measure the same. Their beginning is rounded to a whole pixel, where hinted letters are sharpest.
    """

    def get_text_width_height_descent(
        self, s: str, prop: FontProperties, ismath: Any
    ) -> tuple[float, float, float]:
        """See matplotlib."""
        prop = glyph_cache.in_faces_that_have(s, prop)
        if ismath or not glyph_cache.in_our_typefaces(prop):
            measured: tuple[float, float, float] = super().get_text_width_height_descent(s, prop, ismath)  # type: ignore[no-untyped-call]
            return measured
        setting = glyph_cache.setting(s, prop, self.dpi)
        return setting.width, setting.height, setting.descent

    def _get_font_height_metrics(
        self, prop: FontProperties
    ) -> tuple[float | None, float | None, float | None]:
        """What matplotlib asks a renderer before it looks into the font's own tables for it."""
        return (
            glyph_cache.line_height(prop, self.dpi)
            if glyph_cache.in_our_typefaces(prop)
            else (None, None, None)
        )

    def draw_text(
        self,
        gc: GraphicsContextBase,
        x: float,
        y: float,
        s: str,
        prop: FontProperties,
        angle: float,
        ismath: Any = False,
        mtext: Text | None = None,
    ) -> None:
        """See matplotlib."""
        prop = glyph_cache.in_faces_that_have(s, prop)
        special = mtext is not None and (mtext.get_fontfeatures() or mtext.get_language())
        if angle or ismath or special or not gc.get_antialiased() or not glyph_cache.in_our_typefaces(prop):
            super().draw_text(gc, x, y, s, prop, angle, ismath, mtext)  # type: ignore[no-untyped-call]
            return
        image = glyph_cache.image(s, prop, self.dpi)
        if image is not None:
            below = round(y) - image.top + len(image.pixels)
            self._renderer.draw_text_image(image.pixels, round(x) + image.left, below, 0, gc)


class Canvas(FigureCanvasAgg):
    """A figure's pixels."""

    def get_renderer(self) -> Renderer:
        """See matplotlib."""
        width, height = self.get_width_height(physical=True)
        key = width, height, self.figure.dpi
        if self._lastKey != key:
            self.renderer = Renderer(width, height, self.figure.dpi)  # type: ignore[no-untyped-call]
            self._lastKey = key
        renderer: Renderer = self.renderer
        return renderer
