"""Processes that own warm kernels, and how tests look at what belongs to them."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import psutil

LOOK = """
import json, os, sys
with open({place!r} + ".part", "w") as file:
    json.dump({{"pid": os.getpid(), "parent": os.getppid(), **seen}}, file)
os.replace({place!r} + ".part", {place!r})
"""


def write_notebook(path: Path, *cells: str, kernel: str = "python3") -> Path:
    """A notebook of these code cells."""
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(cell) for cell in cells],
        metadata={"kernelspec": {"name": kernel, "display_name": kernel, "language": "python"}},
    )
    nbformat.write(notebook, path)
    return path


def looking(folder: Path, name: str, code: str = "", after: str = "", **options: Any) -> Path:
    """A notebook that writes to `folder/name.json` which process it is in, and what `code` put into `seen`."""
    first = f"seen = {{}}\n{code}\n{LOOK.format(place=str(folder / f'{name}.json'))}"
    return write_notebook(folder / f"{name}.ipynb", first, *([after] if after else []), **options)


def seen(folder: Path, name: str) -> dict[str, Any]:
    """What the notebook of `looking` saw; waits for it."""
    file = folder / f"{name}.json"
    wait_for(file.exists)
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


def zygotes_of(owner: int | psutil.Process) -> set[int]:
    """Process ids of the zygotes of a process."""
    process = psutil.Process(owner) if isinstance(owner, int) else owner
    return {child.pid for child in process.children() if "zygote_main.py" in " ".join(_command(child))}


def below(owner: int) -> list[psutil.Process]:
    """Everything a process has started, and what that has started."""
    return psutil.Process(owner).children(recursive=True)


def living(pid: int) -> bool:
    """Whether there is such a process, and it is no zombie."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def wait_for(condition: Callable[[], bool], seconds: float = 200) -> None:
    """Return once `condition` holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def _command(process: psutil.Process) -> list[str]:
    try:
        return list(process.cmdline())
    except psutil.NoSuchProcess:
        return []
