"""Functions for the PNG files of charts: fast encoding, and decoding just far enough to embed a file in a PDF.

Charts consist of flat areas and text, which deflate compresses best without PNG filters; the filters that
other encoders try line by line take longer and make these files larger.
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
"""PNG colour type of red, green and blue without alpha (W3C PNG, third edition, 11.2.1)."""

COMPRESSION_LEVEL = 3
"""Compression level of zlib (1 to 9); level 3 is as fast as level 1 here, with files up to a tenth smaller."""


DESCRIPTION = b"Description\0\0\0\0\0"
"""Start of the PNG's iTXt chunk with the alternative text.

It consists of the keyword and of fields that say: no compression, no language, no translated keyword.
"""

STRIP_ROWS = 32
"""Number of pixel rows that are compressed at a time."""


@dataclass(frozen=True)
class PngImage:
    """Content of a PNG file: its size and, for a plain RGB file, its compressed pixels.

    Attributes:
        width: width in pixels.
        height: height in pixels.
        deflated: the compressed pixels as they are in the file, if it has 8-bit RGB without alpha, palette or
            interlacing; None for every other kind of file.
    """

    width: int
    height: int
    deflated: bytes | None

    @property
    def display_size(self) -> tuple[int, int]:
        """The width and height at 100 % zoom: half of the picture's pixels, which is sharp on high-density screens."""
        return round(self.width / 2), round(self.height / 2)


def encode(rgba: np.ndarray, dpi: float, description: str = "") -> bytes:
    """Encode a chart's pixels as a PNG file without an alpha channel.

    Args:
        rgba: pixels of shape (height, width, 4), 8 bits each; the alpha channel is dropped, so the picture
            should be opaque.
        dpi: resolution in dots per inch, for programs that show a picture at its print size.
        description: alternative text that is stored in the file (W3C PNG, third edition, 11.3.3); empty for
            none.

    Returns:
        The bytes of the PNG file.
    """
    import numpy as np

    height, width = rgba.shape[:2]
    # Strip by strip, so that the data fits into the processor cache and into memory that is already allocated.
    lines = np.zeros(
        (min(STRIP_ROWS, height), 1 + 3 * width), np.uint8
    )  # the first byte of a line means: no filter
    compressor, compressed = zlib.compressobj(COMPRESSION_LEVEL), []
    for top in range(0, height, STRIP_ROWS):
        strip = rgba[top : top + STRIP_ROWS]
        for colour in range(3):  # three times as fast as all at once
            lines[: len(strip), 1 + colour :: 3] = strip[:, :, colour]
        compressed.append(compressor.compress(lines[: len(strip)].data))
    compressed.append(compressor.flush())
    dots_per_metre = round(dpi / 0.0254)
    return SIGNATURE + b"".join(
        (
            _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, TRUECOLOUR, 0, 0, 0)),
            _chunk(b"pHYs", struct.pack(">IIB", dots_per_metre, dots_per_metre, 1)),
            _chunk(b"iTXt", DESCRIPTION + description.encode("utf-8", "replace")) if description else b"",
            _chunk(b"IDAT", b"".join(compressed)),
            _chunk(b"IEND", b""),
        )
    )


def decode(content: bytes) -> PngImage | None:
    """Return size and compressed pixels of a PNG file, without decompressing them; None if the bytes are not a PNG."""
    if not content.startswith(SIGNATURE) or content[12:16] != b"IHDR" or len(content) < 33:
        return None
    width, height, *kind = struct.unpack(">IIBBBBB", content[16:29])
    chunks = list(_chunks(content))
    plain = kind == [8, TRUECOLOUR, 0, 0, 0] and all(name != b"tRNS" for name, _ in chunks)
    lines = [data for name, data in chunks if name == b"IDAT"]
    return PngImage(width, height, b"".join(lines) if plain and lines else None)


def read_description(content: bytes) -> str:
    """Return the alternative text that `encode` stored in a PNG file; empty if there is none."""
    for name, data in _chunks(content):
        if name == b"iTXt" and data.startswith(DESCRIPTION):
            return data[len(DESCRIPTION) :].decode(errors="replace")
    return ""


def _chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    position = len(SIGNATURE)
    while position + 12 <= len(content):
        size, name = struct.unpack(">I4s", content[position : position + 8])
        yield name, content[position + 8 : position + 8 + size]
        position += 12 + size


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(data, zlib.crc32(name)))
