"""Content of a report, independent of the output format (HTML page, PDF, Word file or notebook output)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias, cast

from veritrain_lib.core.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd
    from matplotlib.figure import Figure

    from veritrain_lib.reporting.stored_picture import StoredPicture

VerdictKind = Literal["better", "not better", "inconclusive", "blocked", "info"]

VERDICT_LABELS: dict[VerdictKind, str] = {
    "better": "✓ Better",
    "not better": "✗ Not better",
    "inconclusive": "? Inconclusive",
    "blocked": "■ Blocked",
    "info": "i Note",
}
"""Label of each kind of verdict: a symbol and a word, because colour alone is lost on many readers and printers."""


@dataclass(frozen=True)
class Heading:
    """Heading that starts a section of a report."""

    text: str


@dataclass(frozen=True)
class Paragraph:
    """Paragraph of a report as plain text; an empty line in the text starts a new paragraph."""

    text: str


@dataclass(frozen=True)
class TableBlock:
    """Table of a report with a caption; only the first `max_rows` rows are shown, with a count of the others."""

    frame: pd.DataFrame = field(compare=False)
    caption: str = ""
    max_rows: int = 50


@dataclass(frozen=True)
class Picture:
    """Picture of a report with a caption.

    Attributes:
        figure: a matplotlib figure, a stored picture or the bytes of a PNG file.
        caption: text below the picture.
        alt: alternative text for screen readers; if empty, the `alt` of the figure (each `Drawing` has one) or
            else the caption is used.
    """

    figure: Figure | StoredPicture | bytes = field(compare=False, repr=False)
    caption: str = ""
    alt: str = ""

    @property
    def alt_text(self) -> str:
        """The picture's alternative text for screen readers; never empty."""
        return self.alt or str(getattr(self.figure, "alt", "")) or self.caption or "picture"

    @property
    def png(self) -> bytes:
        """The picture as PNG; a `Drawing` is rendered only once."""
        if isinstance(self.figure, bytes):
            return self.figure
        from veritrain_lib.reporting.render import png

        cached_png: Callable[[], bytes] | None = getattr(self.figure, "png", None)
        return cached_png() if cached_png else png(cast("Figure", self.figure))


@dataclass(frozen=True)
class VerdictBlock:
    """Verdict of a report, shown in a coloured box with the label of its kind (see `VERDICT_LABELS`).

    Raises:
        UserError: the kind is unknown.
    """

    text: str
    kind: VerdictKind = "info"

    def __post_init__(self) -> None:
        if self.kind not in VERDICT_LABELS:
            raise UserError(f"{self.kind!r} is not a kind of verdict; allowed: {', '.join(VERDICT_LABELS)}.")


@dataclass(frozen=True)
class KeyValues:
    """Two-column table of a report with pairs of name and value, in the order of `items`."""

    items: tuple[tuple[str, str], ...]
    caption: str = ""


Block: TypeAlias = Heading | Paragraph | TableBlock | Picture | VerdictBlock | KeyValues


@dataclass(frozen=True)
class ReportDocument:
    """Report as a title, a subtitle and a sequence of blocks, independent of the output format.

    Attributes:
        title: title of the report.
        subtitle: line below the title; empty for none.
        blocks: content from top to bottom.
        language: ISO 639-1 code of the report's own text (`en`, `ja`), for screen readers; the data may be in
            other languages.
    """

    title: str
    subtitle: str = ""
    blocks: tuple[Block, ...] = ()
    language: str = "en"

    def _repr_html_(self) -> str:
        from veritrain_lib.reporting.page import to_fragment

        return to_fragment(self)
