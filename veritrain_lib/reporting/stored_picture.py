"""Drawing that was stored as a PNG file and can be displayed again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from veritrain_lib.reporting import png_file


@dataclass(frozen=True)
class StoredPicture:
    """Stored drawing, which displays itself in a notebook with the same size and alternative text as the original.

    Attributes:
        content: the PNG file.
    """

    content: bytes = field(repr=False)

    def png(self) -> bytes:
        """Return the PNG file."""
        return self.content

    @property
    def alt(self) -> str:
        """Return the alternative text; empty if the file has none."""
        return png_file.read_description(self.content)

    def _repr_png_(self) -> tuple[bytes, dict[str, Any]]:
        image = png_file.decode(self.content)
        size = dict(zip(("width", "height"), image.display_size, strict=True)) if image else {}
        return self.content, {**size, "alt": self.alt}
