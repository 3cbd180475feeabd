"""The class `StoredPicture`: a chart that was stored as a PNG file and can be displayed again in a notebook."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from veritrain_lib.reporting import png_file


@dataclass(frozen=True)
class StoredPicture:
    """Stored chart, which displays itself in a notebook with the size and alternative text of the original.

    Attributes:
        content: the bytes of the PNG file.
    """

    content: bytes = field(repr=False)

    def png(self) -> bytes:
        """Return the bytes of the stored chart's PNG file."""
        return self.content

    @property
    def alt(self) -> str:
        """The stored chart's alternative text for screen readers; empty if the file has none."""
        return png_file.read_description(self.content)

    def _repr_png_(self) -> tuple[bytes, dict[str, Any]]:
        image = png_file.decode(self.content)
        size = dict(zip(("width", "height"), image.display_size, strict=True)) if image else {}
        return self.content, {**size, "alt": self.alt}
