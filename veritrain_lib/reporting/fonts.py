"""Where the typefaces are: both come with wheels, so no font of the system is needed.

DejaVu Sans (in matplotlib's wheel) has Latin, Greek, Cyrillic and signs in two weights;
IPAex Gothic (in the wheel of matplotlib-fontja) adds Japanese in one weight.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from veritrain_lib.core.errors import Infrastructure

LATIN = "DejaVu Sans"
JAPANESE = "IPAexGothic"
FAMILIES = (LATIN, JAPANESE)
"""Looked through in this order, glyph by glyph."""


def latin_font(bold: bool = False) -> Path:
    """File of DejaVu Sans. Raises `Infrastructure` when it is not installed."""
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return _inside("matplotlib", f"mpl-data/fonts/ttf/{name}")


def japanese_font() -> Path:
    """File of IPAex Gothic. Raises `Infrastructure` when it is not installed."""
    return _inside("matplotlib_fontja", "fonts/ipaexg.ttf")


def _inside(package: str, path: str) -> Path:
    # A spec finds the package without running it: importing matplotlib_fontja changes matplotlib's defaults.
    spec = find_spec(package)
    folders = spec.submodule_search_locations if spec else None
    for folder in folders or ():
        font = Path(folder) / path
        if font.is_file():
            return font
    raise Infrastructure(
        f"The typeface {path} of the package {package} is missing. Install the project's requirements again."
    )
