"""A drawing that was stored as a PNG file and is shown again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from veritrain_lib.reporting import png_file


@dataclass(frozen=True)
class StoredPicture:
    """Shows itself in a notebook, and speaks, as the drawing did whose PNG file is `content`."""

    content: bytes = field(repr=False)

    def png(self) -> bytes:
        """The file."""
        return self.content

    @property
    def alt(self) -> str:
        """What the picture shows in words; empty where the file does not say it."""
        return png_file.description(self.content)

    def _repr_png_(self) -> tuple[bytes, dict[str, Any]]:
        found = png_file.decode(self.content)
        size = dict(zip(("width", "height"), found.shown, strict=True)) if found else {}
        return self.content, {**size, "alt": self.alt}
