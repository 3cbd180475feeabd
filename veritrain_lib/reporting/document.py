"""What a report says, apart from how it looks: one document becomes a page, a PDF or a notebook's output."""

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

VERDICT_WORD: dict[VerdictKind, str] = {
    "better": "✓ Better",
    "not better": "✗ Not better",
    "inconclusive": "? Inconclusive",
    "blocked": "■ Blocked",
    "info": "i Note",
}
"""How a verdict begins: a sign and a word, since colour alone is lost on many readers and printers."""


@dataclass(frozen=True)
class Heading:
    """Starts a section."""

    text: str


@dataclass(frozen=True)
class Paragraph:
    """Plain text; an empty line in it starts a new paragraph."""

    text: str


@dataclass(frozen=True)
class Table:
    """A frame with its caption; at most `max_rows` rows are shown and the rest is counted."""

    frame: pd.DataFrame = field(compare=False)
    caption: str = ""
    max_rows: int = 50


@dataclass(frozen=True)
class Picture:
    """A matplotlib figure, a stored picture or the bytes of a PNG.

    `alt` tells those who can't see the picture what is in it; left empty, the figure's own `alt` (our
    drawings have one) or else the caption is used.
    """

    figure: Figure | StoredPicture | bytes = field(compare=False, repr=False)
    caption: str = ""
    alt: str = ""

    @property
    def spoken(self) -> str:
        """The alt text that pages carry."""
        return self.alt or str(getattr(self.figure, "alt", "")) or self.caption or "picture"

    @property
    def png(self) -> bytes:
        """The picture as PNG; a drawing of ours remembers it."""
        if isinstance(self.figure, bytes):
            return self.figure
        from veritrain_lib.reporting.render import png

        own: Callable[[], bytes] | None = getattr(self.figure, "png", None)
        return own() if own else png(cast("Figure", self.figure))


@dataclass(frozen=True)
class Verdict:
    """The sentence a reader came for. Raises `UserError` for an unknown kind."""

    text: str
    kind: VerdictKind = "info"

    def __post_init__(self) -> None:
        if self.kind not in VERDICT_WORD:
            raise UserError(f"A verdict is no {self.kind!r}; allowed: {', '.join(VERDICT_WORD)}.")


@dataclass(frozen=True)
class KeyValues:
    """Pairs of a name and a value, in the order given."""

    items: tuple[tuple[str, str], ...]
    caption: str = ""


Block: TypeAlias = Heading | Paragraph | Table | Picture | Verdict | KeyValues


@dataclass(frozen=True)
class Document:
    """A report: a title, a line below it, and blocks from top to bottom.

    `language` is the language of the text around the data (`en`, `ja`); screen readers need it.
    """

    title: str
    subtitle: str = ""
    blocks: tuple[Block, ...] = ()
    language: str = "en"

    def _repr_html_(self) -> str:
        from veritrain_lib.reporting.page import to_fragment

        return to_fragment(self)
