"""Faster embedding of a PNG chart in a PDF: its compressed pixels are copied instead of being decompressed."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from veritrain_lib.fast.shortcuts import is_on

if TYPE_CHECKING:
    from fpdf import FPDF


def register_picture(
    pdf: FPDF, content: bytes, width: int, height: int, deflated: bytes | None
) -> str | None:
    """Add a PNG chart to a PDF document by its compressed pixel rows.

    PDF stores pixel rows like PNG (ISO 32000-1, 7.4.4.4: predictor 15), but fpdf2 would decompress them and compress
    them again. A picture that is registered under its name is not opened by fpdf2.

    Args:
        pdf: The document.
        content: Content of the PNG file.
        width: Width in pixels.
        height: Height in pixels.
        deflated: Compressed pixel rows of an 8-bit RGB picture; None for any other kind of picture.

    Returns:
        The name under which `FPDF.image` finds the picture; None if fpdf2 must read the file itself.
    """
    if deflated is None or not is_on("pdf_pictures"):
        return None
    from fpdf.image_datastructures import RasterImageInfo

    name = f"data:{sha256(content).hexdigest()}"
    images = pdf.image_cache.images
    if name not in images:
        images[name] = RasterImageInfo(
            i=len(images) + 1, data=deflated, w=width, h=height, cs="DeviceRGB", bpc=8, dpn=3,
            f="FlateDecode", dp=f"/Predictor 15 /Colors 3 /Columns {width}",
            iccp=None, iccp_i=None, inverted=False, usages=0,
        )  # fmt: skip
    return name
