"""The list of short cuts into other libraries' insides: what each does, what it gains, and the switch.

`make bench-shortcuts` measures the gains: a warm round of the six notebooks with each short cut switched off alone.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache

SWITCH = "VERITRAIN_FAST"
"""Environment variable: `1` (the default) for all short cuts, `0` for none, `-NAME,-NAME` for all but these."""


@dataclass(frozen=True)
class Shortcut:
    """A short cut into the insides of a library.

    Attributes:
        name: Its name for the switch.
        library: The library whose insides it uses, as packages are named; empty for several.
        versions: The versions of that library that it was written for; with another one it is off.
        does: What it does, for people.
        module: Where it is, below `veritrain_lib/`.
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
    """Return whether a short cut is used.

    Args:
        name: Name of one of `SHORTCUTS`.

    Returns:
        False if `VERITRAIN_FAST` switches it off, or if the installed version of its library is none that it was
        written for.

    Raises:
        KeyError: There is no such short cut.
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
