"""Where the zoo of small notebooks is, and how tests look at what became of one."""

from __future__ import annotations

import os
from pathlib import Path

import nbformat
import psutil

ZOO = Path(__file__).parents[1] / "notebooks" / "zoo"
ROOT = Path(__file__).parents[2]


def kernels_of(process: psutil.Process) -> list[psutil.Process]:
    """The kernel processes below a process: started ones, and forked ones, which are a zygote's children."""
    return [child for child in process.children(recursive=True) if _is_kernel(child)]


def _is_kernel(process: psutil.Process) -> bool:
    try:
        if "zygote_main.py" in _command(process):
            return process.name() == "vt-kernel"  # not the zygote itself, nor its spare
        return "kernel_process/main.py" in _command(process)
    except psutil.NoSuchProcess:
        return False


def _command(process: psutil.Process) -> str:
    return " ".join(process.cmdline())


def states(executed: Path) -> list[str]:
    """The state of each cell, as the executed notebook tells it."""
    return [cell.metadata.papermill.status for cell in nbformat.read(executed, 4).cells]


def marked(folder: Path) -> set[str]:
    """The marks that the cells which really ran have left."""
    return set(os.listdir(folder))
