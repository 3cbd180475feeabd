"""Fonts that are installed with Python packages, so that most texts need no system font.

DejaVu Sans (in matplotlib's wheel) has Latin, Greek, Cyrillic and symbols in two weights; IPAex Gothic (in the wheel of
matplotlib-fontja) adds Japanese in one weight.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from veritrain_lib.core.errors import Infrastructure

LATIN = "DejaVu Sans"
JAPANESE = "IPAexGothic"
FAMILIES = (LATIN, JAPANESE)
"""Names of the font families, tried in this order for each character."""


def latin_font(bold: bool = False) -> Path:
    """Return the path of the bundled font for Latin text, DejaVu Sans, in normal or bold weight.

    Raises:
        Infrastructure: The font is not installed.
    """
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return _find_font("matplotlib", f"mpl-data/fonts/ttf/{name}")


def japanese_font() -> Path:
    """Return the path of the bundled font for Japanese text, IPAex Gothic.

    Raises:
        Infrastructure: The font is not installed.
    """
    return _find_font("matplotlib_fontja", "fonts/ipaexg.ttf")


def _find_font(package: str, path: str) -> Path:
    # A spec finds the package without running it: importing matplotlib_fontja changes matplotlib's defaults.
    spec = find_spec(package)
    folders = spec.submodule_search_locations if spec else None
    for folder in folders or ():
        font = Path(folder) / path
        if font.is_file():
            return font
    raise Infrastructure(
        f"The font {path} of the package {package} is missing. Install the project's requirements again."
    )
