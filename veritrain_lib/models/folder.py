"""Models that lie in a folder: `SCHEME:FOLDER`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from veritrain_lib.core.errors import UserError

Served = TypeVar("Served")


def open_folder(uri: str, scheme: str, what: str, load: Callable[[Path], Served]) -> tuple[Served, Path]:
    """What `load` reads from the folder of an address, and the folder.

    Raises UserError for an address without a folder, and for one that `load` finds missing or damaged
    (FileNotFoundError, ValueError); `what` names the thing for people.
    """
    place = uri.removeprefix(scheme)
    if not place:
        raise UserError(f"{uri!r} names no folder; write {scheme}FOLDER, where a trainer saved a {what}")
    folder = Path(place).expanduser().resolve()
    try:
        return load(folder), folder
    except (FileNotFoundError, ValueError) as error:
        raise UserError(str(error)) from error
