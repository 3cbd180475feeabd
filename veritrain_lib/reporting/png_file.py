"""PNG files of drawings: written fast, and opened far enough to go into a PDF as they are.

A drawing is flat areas and letters, which deflate packs best unfiltered; the filters that encoders try line by
line take longer and make these files larger.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

SIGNATURE = b"\x89PNG\r\n\x1a\n"
TRUECOLOUR = 2
"""Colour type of 8-bit red, green and blue without alpha (W3C PNG, third edition, 11.2.1)."""

EFFORT = 3
"""Of zlib, 1..9: as fast as 1, and up to a tenth smaller."""


DESCRIPTION = b"Description\0\0\0\0\0"
"""How a chunk begins that says what is to be seen: its keyword, that it is not packed, no language, no translation."""

STRIP = 32
"""Lines that are packed at a time."""


@dataclass(frozen=True)
class Pixels:
    """The picture in a PNG file: its size and, for a plain one, the deflated lines.

    Attributes:
        width, height: in pixels.
        deflated: the lines of a file of 8-bit red, green and blue without alpha, palette or interlacing, as they
            are in the file; None for every other kind.
    """

    width: int
    height: int
    deflated: bytes | None

    @property
    def shown(self) -> tuple[int, int]:
        """Width and height at 100 % zoom: half its pixels, so that it is sharp where a screen has two to a dot."""
        return round(self.width / 2), round(self.height / 2)


def encode(rgba: np.ndarray, dpi: float, description: str = "") -> bytes:
    """Pixels (height x width x 4, 8 bits each) as a PNG file without alpha: an opaque picture looks the same.

    Args:
        rgba: the pixels; the fourth value is left out.
        dpi: dots an inch, for programs that show a picture at its size on paper.
        description: what the picture shows, in words; kept in the file (W3C PNG, third edition, 11.3.3).
    """
    import numpy as np

    height, width = rgba.shape[:2]
    # Strip by strip: what fits into the processor's cache, and into memory that is there already.
    lines = np.zeros((min(STRIP, height), 1 + 3 * width), np.uint8)  # a line's first byte says: unfiltered
    packer, packed = zlib.compressobj(EFFORT), []
    for top in range(0, height, STRIP):
        strip = rgba[top : top + STRIP]
        for colour in range(3):  # three times as fast as all at once
            lines[: len(strip), 1 + colour :: 3] = strip[:, :, colour]
        packed.append(packer.compress(lines[: len(strip)].data))
    packed.append(packer.flush())
    metre = round(dpi / 0.0254)
    return SIGNATURE + b"".join(
        (
            _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, TRUECOLOUR, 0, 0, 0)),
            _chunk(b"pHYs", struct.pack(">IIB", metre, metre, 1)),
            _chunk(b"iTXt", DESCRIPTION + description.encode("utf-8", "replace")) if description else b"",
            _chunk(b"IDAT", b"".join(packed)),
            _chunk(b"IEND", b""),
        )
    )


def decode(content: bytes) -> Pixels | None:
    """What is in a PNG file, without unpacking it; None for bytes that are no PNG."""
    if not content.startswith(SIGNATURE) or content[12:16] != b"IHDR" or len(content) < 33:
        return None
    width, height, *kind = struct.unpack(">IIBBBBB", content[16:29])
    chunks = list(_chunks(content))
    plain = kind == [8, TRUECOLOUR, 0, 0, 0] and all(name != b"tRNS" for name, _ in chunks)
    lines = [data for name, data in chunks if name == b"IDAT"]
    return Pixels(width, height, b"".join(lines) if plain and lines else None)


def description(content: bytes) -> str:
    """What the picture in a PNG file shows, as `encode` wrote it; empty where it is not said."""
    for name, data in _chunks(content):
        if name == b"iTXt" and data.startswith(DESCRIPTION):
            return data[len(DESCRIPTION) :].decode(errors="replace")
    return ""


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(SIGNATURE)
    while at + 12 <= len(content):
        size, name = struct.unpack(">I4s", content[at : at + 8])
        yield name, content[at + 8 : at + 8 + size]
        at += 12 + size


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(data, zlib.crc32(name)))
