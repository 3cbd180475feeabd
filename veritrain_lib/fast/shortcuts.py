"""List of the short cuts for speed that use private names of other libraries: what each does, and its switch.

`make bench-shortcuts` measures the gains: the time of a round of the six notebooks on forked kernels, with each short
cut switched off alone.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache

SWITCH = "VERITRAIN_FAST"
"""Environment variable that switches the short cuts for speed: `1` all on (default), `0` all off, `-A,-B` these off."""


@dataclass(frozen=True)
class Shortcut:
    """Short cut for speed that uses private names of a library.

    Attributes:
        name: Name of the short cut in `VERITRAIN_FAST`.
        library: Name of the library's package.
        versions: Versions of the library that it was written for; with any other version it is off.
        does: What it does, in words for people.
        module: Path of its code, relative to `veritrain_lib/`.
    """

    name: str
    library: str
    versions: str
    does: str
    module: str


SHORTCUTS = (
    Shortcut(
        "warm_kernels",
        "ipykernel",
        ">=7.4,<8",
        "forks a notebook's kernel from a process that has imported everything",
        "fast/warm/",
    ),
    Shortcut(
        "spare_kernels",
        "ipykernel",
        ">=7.4,<8",
        "forks the kernels of the next two notebooks in advance",
        "fast/warm/zygote_main.py",
    ),
    Shortcut(
        "kernel_streams",
        "ipykernel",
        ">=7.4,<8",
        "flushes a cell's output only if there is any",
        "fast/kernel_streams.py",
    ),
    Shortcut(
        "sql_cache",
        "mlflow",
        "==3.17.2",
        "compiles the usual queries of MLflow once for all forked kernels",
        "fast/mlflow_engines.py",
    ),
    Shortcut(
        "mlflow_lookups",
        "mlflow",
        "==3.17.2",
        "asks once which packages are installed and which migration is the newest",
        "fast/mlflow_lookups.py",
    ),
    Shortcut(
        "sqlite_reader",
        "mlflow",
        "==3.17.2",
        "reads runs and versions from MLflow's SQLite tables without MLflow",
        "tracking/sqlite_reader.py",
    ),
    Shortcut(
        "glyphs",
        "matplotlib",
        ">=3.11,<3.12",
        "keeps laid out and drawn characters for the next picture",
        "fast/glyph_cache.py",
    ),
    Shortcut(
        "pdf_pictures",
        "fpdf2",
        ">=2.8.9,<2.9",
        "embeds a picture's compressed pixels in a PDF as they are",
        "fast/pdf_pictures.py",
    ),
)


def is_on(name: str) -> bool:
    """Return whether a short cut for speed is used.

    Args:
        name: Name of one of `SHORTCUTS`.

    Returns:
        False if `VERITRAIN_FAST` switches it off, or if it was not written for the installed version of its library.

    Raises:
        KeyError: There is no short cut with this name.
    """
    supported = _is_supported(name)
    value = os.environ.get(SWITCH, "1").strip()
    return supported and value != "0" and f"-{name}" not in [part.strip() for part in value.split(",")]


@cache
def _is_supported(name: str) -> bool:
    from importlib.metadata import version

    from packaging.specifiers import SpecifierSet

    shortcut = {shortcut.name: shortcut for shortcut in SHORTCUTS}[name]
    return version(shortcut.library) in SpecifierSet(shortcut.versions)
