"""Faster matplotlib canvas that draws text in the bundled fonts from the glyph cache."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg

from veritrain_lib.fast import glyph_cache

if TYPE_CHECKING:
    from matplotlib.backend_bases import GraphicsContextBase
    from matplotlib.font_manager import FontProperties
    from matplotlib.text import Text


class Renderer(RendererAgg):
    """Matplotlib renderer (Agg) that measures and draws horizontal text with the glyph cache.

    Measures equal matplotlib's own. The start of a text is rounded to a whole pixel, where hinted glyphs are sharpest.
    """

    def get_text_width_height_descent(
        self, s: str, prop: FontProperties, ismath: Any
    ) -> tuple[float, float, float]:
        """Return width, height and descent of a chart's text in pixels, from the glyph cache if possible.

        It overrides matplotlib's method, which serves formulas and other fonts.

        Args:
            s: The text.
            prop: Its font properties.
            ismath: Whether it is a formula.
        """
        prop = glyph_cache.with_fallback_fonts(s, prop)
        if ismath or not glyph_cache.is_cached(prop):
            measured: tuple[float, float, float] = super().get_text_width_height_descent(s, prop, ismath)  # type: ignore[no-untyped-call]
            return measured
        layout = glyph_cache.layout_text(s, prop, self.dpi)
        return layout.width, layout.height, layout.descent

    def _get_font_height_metrics(
        self, prop: FontProperties
    ) -> tuple[float | None, float | None, float | None]:
        """Return ascent, descent and line gap of a font in pixels.

        Three times None makes matplotlib read the font's own tables.
        """
        return glyph_cache.line_height(prop, self.dpi) if glyph_cache.is_cached(prop) else (None, None, None)

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
        """Draw a chart's text from the glyph cache if possible.

        It overrides matplotlib's method, which draws formulas, rotated text and other fonts; the arguments are those of
        `RendererAgg.draw_text`.
        """
        prop = glyph_cache.with_fallback_fonts(s, prop)
        special = mtext is not None and (mtext.get_fontfeatures() or mtext.get_language())
        if angle or ismath or special or not gc.get_antialiased() or not glyph_cache.is_cached(prop):
            super().draw_text(gc, x, y, s, prop, angle, ismath, mtext)  # type: ignore[no-untyped-call]
            return
        bitmap = glyph_cache.render_text(s, prop, self.dpi)
        if bitmap is not None:
            bottom = round(y) - bitmap.top + len(bitmap.pixels)
            self._renderer.draw_text_image(bitmap.pixels, round(x) + bitmap.left, bottom, 0, gc)


class Canvas(FigureCanvasAgg):
    """Matplotlib canvas (Agg) whose renderer draws text from the glyph cache."""

    def get_renderer(self) -> Renderer:
        """Return the canvas's renderer, a new one if size or resolution has changed (overrides matplotlib's method)."""
        width, height = self.get_width_height(physical=True)
        key = width, height, self.figure.dpi
        if self._lastKey != key:
            self.renderer = Renderer(width, height, self.figure.dpi)  # type: ignore[no-untyped-call]
            self._lastKey = key
        renderer: Renderer = self.renderer
        return renderer
